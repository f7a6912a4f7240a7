//! A look at a PostgreSQL server: how large the database is, how many connections are left, and who stands in the way.

use std::time::Duration;

use sqlx::{PgConnection, Row, postgres::PgRow};
use tokio::time::timeout;

use super::{Grade, Note, number, of_error, refused, size, text};
use crate::{Options, postgres};

/// How long one question may take; all of them have to fit into the time of one look.
const QUESTION: Duration = Duration::from_secs(2);
/// Of the connections there are, in percent, above which somebody should look, and above which hardly anybody connects.
const MANY: u64 = 80;
const ALMOST_ALL: u64 = 97;
/// A transaction this old keeps dead rows from being removed, and may hold locks.
const LONG_SECONDS: i64 = 15 * 60;
/// Of two billion transactions after which the server stops: it freezes rows long before, unless something keeps it from that.
const OLD_TRANSACTIONS: u64 = 1_000_000_000;

const VERSION: &str = "SELECT current_setting('server_version'), \
    (extract(epoch FROM now() - pg_postmaster_start_time())::bigint / 3600)::text, \
    (pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on')::int::text, $1::bigint::text";
const SIZES: &str = "SELECT datname::text, pg_database_size(oid)::text, age(datfrozenxid)::text, $1::bigint::text \
    FROM pg_database WHERE datname = current_database()";
const TABLES: &str = "SELECT relname::text, greatest(reltuples, 0)::bigint::text, pg_total_relation_size(oid)::text, \
    $1::bigint::text FROM pg_class \
    WHERE relnamespace = to_regnamespace('llmtrace') AND relkind IN ('r', 'p') ORDER BY relname LIMIT 100";
/// The server's, the database's and the user's. Everybody may read these: of the sessions of others only some columns. The
/// server keeps some for users of its own choice since version 16.
const CONNECTIONS: &str = "SELECT 'the server', (SELECT sum(numbackends) FROM pg_stat_database)::text, \
    (current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint \
    - coalesce(current_setting('reserved_connections', true), '0')::bigint)::text, \
    $1::bigint::text \
    UNION ALL SELECT 'the database', numbackends::text, datconnlimit::text, '' FROM pg_stat_database \
    JOIN pg_database ON pg_database.oid = datid WHERE datconnlimit >= 0 AND pg_database.datname = current_database() \
    UNION ALL SELECT 'the user', (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user)::text, \
    rolconnlimit::text, '' FROM pg_roles WHERE rolconnlimit >= 0 AND rolname = current_user";
/// Those of clients: the server's own, such as a long VACUUM, are nobody's to end. When the transactions of other users began
/// is told to members of `pg_read_all_stats` only; without it, these are not seen.
const TRANSACTIONS: &str = "SELECT pid::text, coalesce(application_name, ''), coalesce(state, ''), \
    (extract(epoch FROM now() - xact_start)::bigint / 60)::text FROM pg_stat_activity \
    WHERE datname = current_database() AND backend_type = 'client backend' \
    AND extract(epoch FROM now() - xact_start)::bigint > $1 \
    ORDER BY xact_start LIMIT 5";
const PREPARED: &str = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database() \
    AND extract(epoch FROM now() - prepared)::bigint > $1 ORDER BY prepared LIMIT 5";

pub(super) async fn examine(setting: &str, options: &Options) -> Vec<Note> {
    let looked = postgres::examine(setting, options, async |connection| look(setting, connection).await).await;
    looked.unwrap_or_else(|error| vec![refused(setting, &error)])
}

async fn look(setting: &str, connection: &mut PgConnection) -> Vec<Note> {
    let mut notes = Vec::new();
    for (sql, told) in [
        (VERSION, of_version as fn(&str, &[Vec<String>]) -> Vec<Note>),
        (SIZES, of_sizes),
        (CONNECTIONS, of_connections),
        (TRANSACTIONS, of_transactions),
        (PREPARED, of_prepared),
        // Last: the size of a table waits for whoever has locked it.
        (TABLES, of_tables),
    ] {
        // Every question takes the bound, so that all are asked in one way.
        let asked = sqlx::query(sql).bind(LONG_SECONDS).fetch_all(&mut *connection);
        let Ok(rows) = timeout(QUESTION, asked).await else {
            let found = format!("a question to the catalog took longer than {} s", QUESTION.as_secs());
            let remedy = "see who holds locks (pg_locks), and whether the server is overloaded";
            notes.push(Note::warn(setting, found, remedy));
            // The connection is in the middle of an answer: nothing more is asked on it.
            break;
        };
        match rows.and_then(|rows| rows.iter().map(fields).collect::<sqlx::Result<Vec<_>>>()) {
            Ok(rows) => notes.extend(told(setting, &rows)),
            Err(error) => {
                let error = postgres::failed("examine", &error);
                notes.push(Note { grade: Grade::Warn, ..of_error(setting, &error) });
            }
        }
    }
    notes
}

/// The fields of a row, as text.
fn fields(row: &PgRow) -> sqlx::Result<Vec<String>> {
    (0..row.len()).map(|n| row.try_get::<Option<String>, _>(n).map(Option::unwrap_or_default)).collect()
}

fn of_version(setting: &str, rows: &[Vec<String>]) -> Vec<Note> {
    let told = |row: &Vec<String>| {
        let found = format!("PostgreSQL {}, up for {} hours", text(row, 0), number(row, 1));
        if number(row, 2) == 0 {
            return Note::ok(setting, found);
        }
        let found = format!("{found}, takes no writes: it is a standby, or default_transaction_read_only is on");
        Note::fail(setting, found, "name the primary in postgres.url, or let the server write again")
    };
    rows.iter().map(told).collect()
}

fn of_sizes(setting: &str, rows: &[Vec<String>]) -> Vec<Note> {
    let told = |row: &Vec<String>| {
        let (name, age) = (text(row, 0), number(row, 2));
        let found = format!("database {name}: {}, oldest transaction {age} transactions ago", size(number(row, 1)));
        if age > OLD_TRANSACTIONS {
            let remedy = "run `VACUUM FREEZE` in it, and end old transactions, prepared ones and replication slots: \
                          the server stops before 2000000000";
            return Note::warn(setting, found, remedy);
        }
        Note::ok(setting, found)
    };
    rows.iter().map(told).collect()
}

fn of_tables(setting: &str, rows: &[Vec<String>]) -> Vec<Note> {
    let told = |row: &Vec<String>| {
        let (table, count, bytes) = (text(row, 0), number(row, 1), size(number(row, 2)));
        Note::ok(setting, format!("table llmtrace.{table}: about {count} rows, {bytes}"))
    };
    rows.iter().map(told).collect()
}

fn of_connections(setting: &str, rows: &[Vec<String>]) -> Vec<Note> {
    let told = |row: &Vec<String>| {
        let (whose, used, all) = (text(row, 0), number(row, 1), number(row, 2));
        let found = format!("connections of {whose}: {used} of {all} are used");
        let remedy = "lower postgres.max_connections of each instance, put a pooler before the server, or raise its \
                      max_connections (the database's or the user's CONNECTION LIMIT)";
        let percent = used.saturating_mul(100) / all.max(1);
        if percent > ALMOST_ALL {
            Note::fail(setting, found, remedy)
        } else if percent > MANY {
            Note::warn(setting, found, remedy)
        } else {
            Note::ok(setting, found)
        }
    };
    rows.iter().map(told).collect()
}

fn of_transactions(setting: &str, rows: &[Vec<String>]) -> Vec<Note> {
    let told = |row: &Vec<String>| {
        let (pid, name, state, minutes) = (text(row, 0), text(row, 1), text(row, 2), number(row, 3));
        let found = format!("process {pid} of {name:?} has a transaction open for {minutes} minutes ({state})");
        Note::warn(setting, found, format!("see what it waits for; `SELECT pg_terminate_backend({pid})` ends it"))
    };
    rows.iter().map(told).collect()
}

fn of_prepared(setting: &str, rows: &[Vec<String>]) -> Vec<Note> {
    let told = |row: &Vec<String>| {
        let name = text(row, 0);
        let found = format!("the prepared transaction {name:?} is not ended, and keeps its locks");
        Note::warn(setting, found, "end it: COMMIT PREPARED or ROLLBACK PREPARED with its name")
    };
    rows.iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::engines;

    fn row(fields: &[&str]) -> Vec<String> {
        fields.iter().map(|field| (*field).to_owned()).collect()
    }

    #[tokio::test]
    async fn the_server_answers_every_question() {
        let (postgres, _guard) = engines::postgres();
        let options = Options { postgres, ..Options::default() };
        let notes = crate::examine("storage.meta", "postgres:", &options).await;
        assert!(notes.iter().any(|note| note.found.contains("there is no schema yet")), "{notes:?}");
        let store = crate::open_meta("storage.meta", "postgres:", &options).await.unwrap();
        store.close().await.unwrap();
        let notes = crate::examine("storage.meta", "postgres:", &options).await;
        for what in ["has schema", "PostgreSQL ", "database ", "table llmtrace.tenants", "connections of the server"] {
            assert!(notes.iter().any(|note| note.found.contains(what)), "{what}: {notes:#?}");
        }
        assert!(notes.iter().all(|note| note.grade == Grade::Ok), "{notes:#?}");
    }

    #[test]
    fn what_stands_in_the_way_is_told_with_the_way_out() {
        let grade = |notes: Vec<Note>| notes[0].grade;
        assert_eq!(grade(of_version("s", &[row(&["17.1", "3", "1"])])), Grade::Fail);
        assert_eq!(grade(of_sizes("s", &[row(&["db", "1", "1500000000"])])), Grade::Warn);
        assert_eq!(grade(of_connections("s", &[row(&["the server", "80", "97"])])), Grade::Warn);
        assert_eq!(grade(of_connections("s", &[row(&["the server", "97", "97"])])), Grade::Fail);
        assert_eq!(grade(of_connections("s", &[row(&["the server", "5", "97"])])), Grade::Ok);
        let told = of_transactions("s", &[row(&["42", "psql", "idle in transaction", "90"])]);
        assert!(told[0].remedy.as_ref().unwrap().contains("pg_terminate_backend(42)"), "{told:?}");
        assert_eq!(grade(of_prepared("s", &[row(&["two"])])), Grade::Warn);
    }
}
