//! A look at a ClickHouse server: what is stored, what waits, how full its disks are, and its own logs, which nobody else bounds.

use std::time::Duration;

use clickhouse::Client;
use tokio::time::timeout;

use super::{Note, number, size, text};
use crate::{Options, clickhouse::to_examine};

/// How long one question may take.
const ANSWER: Duration = Duration::from_secs(10);
/// Parts in one partition from which merges do not follow; the server slows inserts down at 1,000.
const MANY_PARTS: u64 = 300;
/// Of a disk, in percent, below which somebody should look, and below which merges stop.
const LITTLE: u64 = 10;
const ALMOST_NOTHING: u64 = 2;
/// A log table of the server that is worth a rule.
const LONG_LOG_BYTES: u64 = 256 << 20;
/// A replica this far behind, in seconds.
const LATE_SECONDS: u64 = 300;

const VERSION: &str = "SELECT version(), uptime()";
const TABLES: &str = "SELECT table, sum(n), sum(b), sum(c), max(c) FROM (\
    SELECT table, sum(rows) AS n, sum(bytes_on_disk) AS b, count() AS c FROM system.parts \
    WHERE active AND database = {db:String} GROUP BY table, partition) GROUP BY table ORDER BY table";
const MUTATIONS: &str = "SELECT table, count(), countIf(latest_fail_reason != ''), any(latest_fail_reason) \
    FROM system.mutations WHERE database = {db:String} AND NOT is_done GROUP BY table ORDER BY table";
const DISKS: &str = "SELECT name, free_space, total_space FROM system.disks WHERE total_space > 0 ORDER BY name";
const LOGS: &str = "SELECT name, ifNull(total_bytes, 0) AS bytes, position(engine_full, ' TTL ') > 0 FROM system.tables \
    WHERE database = 'system' AND endsWith(name, '_log') ORDER BY bytes DESC";
const REPLICAS: &str = "SELECT table, is_readonly, absolute_delay FROM system.replicas WHERE database = {db:String}";

pub(super) async fn examine(setting: &str, options: &Options) -> Vec<Note> {
    // What is wrong with the settings is told with the schema.
    let Ok((client, database)) = to_examine(options) else { return Vec::new() };
    let server = Server { client, database };
    let mut notes = Vec::new();
    for (sql, told) in [
        (VERSION, of_version as fn(&str, &[Vec<String>]) -> Vec<Note>),
        (TABLES, of_tables),
        (MUTATIONS, of_mutations),
        (DISKS, of_disks),
        (LOGS, of_logs),
        (REPLICAS, of_replicas),
    ] {
        match server.rows(sql).await {
            Ok(rows) => notes.extend(told(setting, &rows)),
            Err(why) => {
                let remedy = "see that clickhouse.url's user may read the tables of `system`";
                notes.push(Note::warn(setting, format!("a question was not answered: {why}"), remedy));
            }
        }
    }
    notes
}

struct Server {
    client: Client,
    database: String,
}

impl Server {
    /// The fields of every row, as text.
    async fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>, String> {
        let asked = async {
            let query = self.client.query_raw(sql).with_setting("param_db", self.database.clone());
            query.fetch_bytes("TabSeparated")?.collect().await
        };
        let answer = timeout(ANSWER, asked).await.map_err(|_| format!("no answer in {} s", ANSWER.as_secs()))?;
        let answer = answer.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&answer);
        Ok(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
    }
}

fn of_version(setting: &str, rows: &[Vec<String>]) -> Vec<Note> {
    let told = |row: &Vec<String>| format!("ClickHouse {}, up for {} hours", text(row, 0), number(row, 1) / 3600);
    rows.iter().map(|row| Note::ok(setting, told(row))).collect()
}

fn of_tables(setting: &str, rows: &[Vec<String>]) -> Vec<Note> {
    let told = |row: &Vec<String>| {
        let (table, most) = (text(row, 0), number(row, 4));
        let (count, bytes, parts) = (number(row, 1), size(number(row, 2)), number(row, 3));
        let found = format!("table {table}: {count} rows, {bytes}, {parts} parts, at most {most} in a partition");
        if most > MANY_PARTS {
            let remedy =
                "merges do not follow: give the server more CPU or disk, raise pipeline.batch_rows and batch_ms";
            return Note::warn(setting, found, remedy);
        }
        Note::ok(setting, found)
    };
    rows.iter().map(told).collect()
}

fn of_mutations(setting: &str, rows: &[Vec<String>]) -> Vec<Note> {
    if rows.is_empty() {
        return vec![Note::ok(setting, "no mutation waits")];
    }
    let told = |row: &Vec<String>| {
        let (table, waiting, failed) = (text(row, 0), number(row, 1), number(row, 2));
        if failed == 0 {
            return Note::ok(setting, format!("table {table}: {waiting} mutations are on their way"));
        }
        let why: String = text(row, 3).chars().take(300).collect();
        let remedy = format!("remove the cause, or `KILL MUTATION WHERE table = '{table}'` and erase again");
        Note::fail(setting, format!("table {table}: {failed} of {waiting} mutations fail: {why}"), remedy)
    };
    rows.iter().map(told).collect()
}

fn of_disks(setting: &str, rows: &[Vec<String>]) -> Vec<Note> {
    let told = |row: &Vec<String>| {
        let (name, free, whole) = (text(row, 0), number(row, 1), number(row, 2).max(1));
        let found = format!("disk {name}: {} of {} are free", size(free), size(whole));
        let remedy = "make room: shorter retention, logs with a TTL (below), a larger disk";
        match free / (whole / 100).max(1) {
            ..ALMOST_NOTHING => Note::fail(setting, found, remedy),
            ALMOST_NOTHING..LITTLE => Note::warn(setting, found, remedy),
            LITTLE.. => Note::ok(setting, found),
        }
    };
    rows.iter().map(told).collect()
}

fn of_logs(setting: &str, rows: &[Vec<String>]) -> Vec<Note> {
    let all: u64 = rows.iter().map(|row| number(row, 1)).sum();
    let mut notes = vec![Note::ok(setting, format!("the server's own logs (system.*_log): {}", size(all)))];
    for row in rows.iter().filter(|row| number(row, 1) > LONG_LOG_BYTES && number(row, 2) == 0) {
        let name = text(row, 0);
        let remedy = format!("ALTER TABLE system.{name} MODIFY TTL event_date + INTERVAL 14 DAY DELETE");
        let found = format!("system.{name} is {} and grows for ever", size(number(row, 1)));
        notes.push(Note::warn(setting, found, remedy));
    }
    notes
}

fn of_replicas(setting: &str, rows: &[Vec<String>]) -> Vec<Note> {
    let told = |row: &Vec<String>| {
        let (table, is_readonly, late) = (text(row, 0), number(row, 1) != 0, number(row, 2));
        if is_readonly {
            let remedy = format!("see that Keeper is there, then `SYSTEM RESTORE REPLICA {table}` if it stays so");
            return Some(Note::fail(setting, format!("replica of {table} takes no writes"), remedy));
        }
        let found = format!("replica of {table} is {late} seconds behind");
        (late > LATE_SECONDS).then(|| Note::warn(setting, found, "see system.replication_queue for what it waits for"))
    };
    rows.iter().filter_map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Grade;

    fn row(fields: &[&str]) -> Vec<String> {
        fields.iter().map(|field| (*field).to_owned()).collect()
    }

    #[tokio::test]
    async fn both_servers_answer_every_question() {
        use crate::conformance::engines;
        for (clickhouse, _guard) in [engines::clickhouse(), engines::clickhouse_old()] {
            let options = Options { clickhouse, ..Options::default() };
            let notes = crate::examine("storage.spans", "clickhouse:", &options).await;
            assert!(notes.iter().any(|note| note.found.contains("there is no schema yet")), "{notes:?}");
            let store = crate::open_spans("storage.spans", "clickhouse:", &options).await.unwrap();
            store.write(&[crate::conformance::builders::span().record()]).await.unwrap();
            store.close().await.unwrap();
            let notes = crate::examine("storage.spans", "clickhouse:", &options).await;
            for what in
                ["has schema", "ClickHouse 2", "table spans: 1 rows", "no mutation waits", "disk ", "system.*_log"]
            {
                assert!(notes.iter().any(|note| note.found.contains(what)), "{what}: {notes:#?}");
            }
            assert!(notes.iter().all(|note| !note.found.contains("not answered")), "{notes:#?}");
        }
    }

    #[test]
    fn a_log_without_an_end_is_told_with_the_statement_that_ends_it() {
        let gib = (1_u64 << 30).to_string();
        let rows = [row(&["query_log", &gib, "0"]), row(&["text_log", &gib, "1"]), row(&["part_log", "5", "0"])];
        let notes = of_logs("s", &rows);
        let told: Vec<_> = notes.iter().filter(|note| note.grade == Grade::Warn).collect();
        assert_eq!(told.len(), 1);
        let remedy = told[0].remedy.as_deref().unwrap();
        assert_eq!(remedy, "ALTER TABLE system.query_log MODIFY TTL event_date + INTERVAL 14 DAY DELETE");
    }

    #[test]
    fn a_full_disk_and_a_failing_mutation_fail_and_many_parts_warn() {
        let grade = |notes: Vec<Note>| notes[0].grade;
        assert_eq!(grade(of_disks("s", &[row(&["default", "1", "1000"])])), Grade::Fail);
        assert_eq!(grade(of_disks("s", &[row(&["default", "50", "1000"])])), Grade::Warn);
        assert_eq!(grade(of_disks("s", &[row(&["default", "500", "1000"])])), Grade::Ok);
        assert_eq!(grade(of_mutations("s", &[row(&["spans", "2", "1", "no room"])])), Grade::Fail);
        assert_eq!(grade(of_mutations("s", &[row(&["spans", "2", "0", ""])])), Grade::Ok);
        assert_eq!(grade(of_tables("s", &[row(&["spans", "9", "9", "400", "301"])])), Grade::Warn);
        assert_eq!(grade(of_replicas("s", &[row(&["spans", "1", "0"])])), Grade::Fail);
    }
}
