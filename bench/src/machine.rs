//! What the figures were measured on: named in the table, so that nobody compares across machines.

use std::{fs, path::Path};

/// The machine, as far as it explains figures. Holds no name of it.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: u64,
    pub(crate) kernel: String,
    pub(crate) system: String,
    /// Of the file system that holds journal and database.
    pub(crate) file_system: String,
}

impl Machine {
    /// Reads `/proc` and `/etc/os-release`; what is not there is named unknown.
    pub(crate) fn read(data: &Path) -> Self {
        let unknown = || "unknown".to_owned();
        let memory_kib = field("/proc/meminfo", "MemTotal:").and_then(|v| v.split(' ').next()?.parse::<u64>().ok());
        Self {
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: memory_kib.unwrap_or_default().div_ceil(1024 * 1024),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
                .map_or_else(|_| unknown(), |s| s.trim().to_owned()),
            system: field("/etc/os-release", "PRETTY_NAME=").map_or_else(unknown, |s| s.trim_matches('"').to_owned()),
            file_system: file_system(data).unwrap_or_else(unknown),
        }
    }
}

/// The load average over one minute: how busy the machine was with other things.
pub(crate) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}

/// The rest of the first line of `file` that starts with `name`.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(rest.trim_start_matches([' ', '\t', ':']).trim().to_owned())
}

/// The type of the mount that holds `path`: the longest mount point that is a prefix of it.
fn file_system(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let mounts = fs::read_to_string("/proc/mounts").ok()?;
    let holding = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (point, kind) = (fields.next()?, fields.next()?);
        path.starts_with(point).then(|| (point.len(), kind.to_owned()))
    });
    holding.max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}
