//! A look at Redis: its version, whether it evicts what is counted, its memory, its role, and how quick it is.

use std::time::{Duration, Instant};

use super::{Note, of_error, size};
use crate::{
    ServerOptions,
    redis::{Link, Purpose, field, texts},
};

/// An answer that takes longer holds requests up that wait for a counter.
const SLOW: Duration = Duration::from_millis(20);

pub(super) async fn examine(setting: &str, options: &ServerOptions) -> Vec<Note> {
    // Connects whatever the version is; what is wrong is told below.
    let link = match Link::of(options, Purpose::Cache) {
        Ok(link) => link,
        Err(why) => return vec![Note::fail(setting, why, "correct the setting")],
    };
    let looked = look(setting, &link).await;
    link.close();
    looked.unwrap_or_else(|error| vec![of_error(setting, &error)])
}

async fn look(setting: &str, link: &Link) -> Result<Vec<Note>, crate::Error> {
    let op = "examine";
    let place = link.place();
    let mut get = redis::cmd("GET");
    get.arg(format!("{}:ping", link.prefix()));
    // Once to connect, with a command that its user may run, and once to see how long it takes.
    link.send(op, &get).await?.ok();
    let began = Instant::now();
    link.send(op, &get).await?.ok();
    let took = began.elapsed();
    let mut notes = vec![if took > SLOW {
        let remedy = "bring it nearer: requests will wait for it once budgets count in it";
        Note::warn(setting, format!("{place} answers in {} ms", took.as_millis()), remedy)
    } else {
        Note::ok(setting, format!("{place} answers in {} µs", took.as_micros()))
    }];
    let info = match link.send(op, redis::cmd("INFO").arg("everything")).await {
        Ok(Ok(info)) => info,
        Ok(Err(_)) | Err(_) => {
            let remedy = "give the user of redis.url +info, or look at its own tools";
            notes.push(Note::warn(setting, "the user may not run INFO: version and memory are not known", remedy));
            return Ok(notes);
        }
    };
    notes.extend(texts(&info).iter().flat_map(|text| of_server(setting, text)));
    Ok(notes)
}

/// What one server says of itself.
fn of_server(setting: &str, info: &str) -> Vec<Note> {
    let word = |name| field(info, name).unwrap_or("unknown");
    let number = |name| field(info, name).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let (version, role) = (word("redis_version"), word("role"));
    let name = format!("port {}", word("tcp_port"));
    let mut notes = Vec::new();
    notes.push(if crate::redis::is_old(version) {
        Note::fail(setting, format!("{name} is version {version}"), "bring it to 6.2 or newer")
    } else {
        Note::ok(setting, format!("{name} is version {version}, {role}"))
    });
    if role == "slave" && field(info, "cluster_enabled") != Some("1") {
        let remedy = "name the master, or the sentinels: redis+sentinel://HOST,HOST/MASTER";
        notes.push(Note::warn(setting, format!("{name} is a replica, which takes no writes"), remedy));
    }
    let policy = word("maxmemory_policy");
    if policy != "noeviction" {
        let remedy = "set maxmemory-policy noeviction: an evicted counter has to be summed up again from spans";
        notes.push(Note::warn(setting, format!("{name} has maxmemory-policy {policy}"), remedy));
    }
    let (used, most) = (number("used_memory"), number("maxmemory"));
    notes.push(match most {
        0 => Note::ok(setting, format!("{name} uses {}, without a limit of its own", size(used))),
        most if used > most / 10 * 9 => {
            let remedy = "raise maxmemory: beyond it nothing is counted, and no answer kept";
            Note::warn(setting, format!("{name} uses {} of {}", size(used), size(most)), remedy)
        }
        most => Note::ok(setting, format!("{name} uses {} of {}", size(used), size(most))),
    });
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Grade, Options, Secret, conformance::engines, examine};

    #[tokio::test]
    async fn a_server_is_told_with_its_version_and_its_memory() {
        let (redis, _, _guard) = engines::redis();
        let options = Options { redis, ..Options::default() };
        let notes = examine("storage.counters", "redis:", &options).await;
        assert!(notes.iter().all(|note| note.grade != Grade::Fail), "{notes:?}");
        for part in ["answers in", "is version", "uses"] {
            assert!(notes.iter().any(|note| note.found.contains(part)), "{part}: {notes:?}");
        }
    }

    #[tokio::test]
    async fn one_that_is_away_is_told_without_its_password() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = Secret::new(format!("redis://u:hunter2@127.0.0.1:{port}"));
        let redis = ServerOptions { url: Some(url), ..ServerOptions::default() };
        let options = Options { redis, ..Options::default() };
        let notes = examine("storage.counters", "redis:", &options).await;
        assert_eq!(notes.len(), 1);
        assert_eq!(notes[0].grade, Grade::Fail);
        let text = format!("{notes:?}");
        assert!(text.contains(&port.to_string()) && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn what_an_operator_should_change_is_named() {
        let grades = |info: &str| of_server("s", info).into_iter().map(|note| note.grade).collect::<Vec<_>>();
        let good =
            "redis_version:7.0.15\r\nrole:master\r\nmaxmemory_policy:noeviction\r\nused_memory:5\r\nmaxmemory:0\r\n";
        assert_eq!(grades(good), [Grade::Ok, Grade::Ok]);
        for (from, to, grade) in [
            ("7.0.15", "6.0.9", Grade::Fail),
            ("role:master", "role:slave", Grade::Warn),
            ("noeviction", "allkeys-lru", Grade::Warn),
            ("maxmemory:0", "maxmemory:5", Grade::Warn),
        ] {
            assert_eq!(grades(&good.replace(from, to)).into_iter().max(), Some(grade), "{to}");
        }
    }
}
