//! A look at everything an installation stands on, for an operator: what is there, how full it is, what is in the way.
//!
//! Looks and changes nothing; also beside a running proxy.

use std::path::Path;

use llmtrace_model::Timestamp;
use llmtrace_store::{Grade, Migrate, Note, Options, examine, size};

use super::{keys, probe, wiring};
use crate::{
    clock::Clock,
    config::{Config, JournalMode},
    journal::{self, Instance},
};

/// Space of a disk below which somebody should look, and below which nothing goes on.
const LITTLE_BYTES: u64 = 2 << 30;
const NO_BYTES: u64 = 64 << 20;
/// A record that waits for so long waits for a store that is away.
const LONG_US: i64 = 15 * 60 * 1_000_000;

/// Looks at everything.
pub async fn examine_all(config: &Config) -> Vec<Note> {
    let mut notes = Vec::new();
    let journals = config.enable_trace_storage && config.journal.mode == JournalMode::Disk;
    // Stores are looked at more closely below.
    for finding in probe::all_but_stores(config).await {
        notes.push(match finding.outcome {
            Ok(found) => Note::ok(&finding.setting, found),
            Err(error) => {
                let remedy = "correct the setting, or bring back what it names";
                Note::fail(&finding.setting, format!("{error:#}"), remedy)
            }
        });
    }
    notes.push(space("storage.path", &config.storage.path));
    if journals {
        notes.push(space("journal.path", &config.journal.path));
        notes.extend(of_journal(config, Clock::system().now()));
    }
    notes.extend(of_stores(config).await);
    notes.extend(config.notes.iter().map(|note| Note::warn("configuration", note.as_str(), "see that it is meant so")));
    notes
}

async fn of_stores(config: &Config) -> Vec<Note> {
    let options = match wiring::store_options(config) {
        Ok(options) => Options { migrate: Migrate::Refuse, ..options },
        Err(error) => return vec![Note::fail("storage", format!("{error:#}"), "correct the setting")],
    };
    let storage = &config.storage;
    let mut notes = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (setting, url) in
        [("storage.spans", &storage.spans), ("storage.meta", &storage.meta), ("storage.counters", &storage.counters)]
    {
        let url = url.as_str();
        if seen.contains(&url) {
            notes.push(Note::ok(setting, format!("{url}, as above")));
            continue;
        }
        seen.push(url);
        notes.extend(examine(setting, url, &options).await);
    }
    notes
}

/// The room on the disk of a folder, or of what it will be made in.
fn space(setting: &str, path: &Path) -> Note {
    let here = Path::new(".");
    let existing = path.ancestors().map(|p| if p.as_os_str().is_empty() { here } else { p }).find(|p| p.exists());
    match rustix::fs::statvfs(existing.unwrap_or(here)) {
        Err(error) => Note::fail(setting, format!("the disk's space is not known: {error}"), "see that it is mounted"),
        Ok(disk) => {
            let block = disk.f_frsize;
            let (free, whole) = (disk.f_bavail.saturating_mul(block), disk.f_blocks.saturating_mul(block));
            let found = format!("{} of {} are free", size(free), size(whole));
            let remedy = "make room, or move it to a larger disk";
            match free {
                ..NO_BYTES => Note::fail(setting, found, remedy),
                NO_BYTES..LITTLE_BYTES => Note::warn(setting, found, remedy),
                LITTLE_BYTES.. => Note::ok(setting, found),
            }
        }
    }
}

fn of_journal(config: &Config, now: Timestamp) -> Vec<Note> {
    let setting = "journal.path";
    let path = &config.journal.path;
    // A doctor makes no key.
    let keys = match keys::at_hand(config) {
        Ok(keys) => keys,
        Err(error) => {
            let found = format!("the key file in storage.path cannot be used: {error}");
            return vec![Note::fail("secrets.master_key", found, "bring the file back, or set secrets.master_key")];
        }
    };
    let instances = match journal::survey(path, keys.as_ref()) {
        Ok(instances) => instances,
        Err(error) => {
            let found = format!("{} cannot be read: {error}", path.display());
            return vec![Note::fail(setting, found, "see who may read it: doctor runs as the proxy does")];
        }
    };
    let max_bytes = config.journal.max_bytes.0;
    let mut notes = vec![sum(setting, &instances, max_bytes)];
    notes.extend(instances.iter().filter_map(|instance| of_instance(setting, instance, now)));
    notes
}

fn sum(setting: &str, instances: &[Instance], max_bytes: u64) -> Note {
    let held = instances.iter().filter(|instance| instance.is_held).count();
    let bytes: u64 = instances.iter().map(|instance| instance.bytes).sum();
    let oldest = instances.iter().filter_map(|instance| instance.oldest).min();
    let oldest = oldest.map_or_else(String::new, |at| format!(", no record older than {at}"));
    let found = format!(
        "{held} running instances, {} orphans, {} of journal.max_bytes {}{oldest}",
        instances.len() - held,
        size(bytes),
        size(max_bytes)
    );
    if bytes > max_bytes / 4 * 3 {
        let remedy =
            "see why the store does not follow (below, and /health); at the cap the oldest records are given up";
        return Note::warn(setting, found, remedy);
    }
    Note::ok(setting, found)
}

/// What of one instance somebody should know.
fn of_instance(setting: &str, instance: &Instance, now: Timestamp) -> Option<Note> {
    let Instance { name, is_held, segments, bytes, oldest, unreadable } = instance;
    let age_us = oldest.map_or(0, |oldest| now.unix_us().saturating_sub(oldest.unix_us()));
    let what = format!("{name}: {segments} segments, {}, begun {} minutes ago", size(*bytes), age_us / 60_000_000);
    if let Some(why) = unreadable {
        let remedy = "start once with the key and the version that wrote it, or remove the folder and lose its records";
        return Some(Note::fail(setting, format!("{what}; {why}"), remedy));
    }
    match is_held {
        false => {
            let found = format!("orphan {what}; its instance is gone");
            Some(Note::warn(
                setting,
                found,
                "start a proxy with this journal.path: it takes the records over in a minute",
            ))
        }
        // One segment is the one being written; more than one is a backlog.
        true if *segments > 1 && age_us > LONG_US => {
            let found = format!("{what}; its records wait for the store");
            Some(Note::warn(setting, found, "see why the store does not follow: /health names the error"))
        }
        true => None,
    }
}

/// The worst of all notes.
pub fn worst(notes: &[Note]) -> Grade {
    notes.iter().map(|note| note.grade).max().unwrap_or(Grade::Ok)
}
