//! The contestants: what stands between the load client and the provider, started fresh for every phase.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use tempfile::TempDir;

use crate::{
    connection::Connection,
    process::Process,
    scrape::{self, Depth},
};

/// How long a contestant may take to answer its first request.
const START_LIMIT: Duration = Duration::from_secs(20);

/// What is measured, in the order of the table's columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Nothing in between.
    Direct,
    /// nginx as a reverse proxy.
    Nginx,
    /// The bare hyper pass-through.
    Hyper,
    /// LLMTrace that stores nothing.
    PassThrough,
    /// LLMTrace, memory store, capture and journal on.
    Memory,
    /// LLMTrace, lite profile, capture and journal on.
    Lite,
    /// The same without detection, to see what that costs.
    Unanalysed,
    /// LLMTrace, lite profile, and each request looked at before it leaves: attacks are blocked, secrets and personal data redacted.
    /// Answers are not held: the chunks of the streams carry the time in digits, which a hold would take for a number that goes on.
    Guarded,
    /// LLMTrace, production profile on servers of its own, whose CPU is not counted; capture and journal on.
    Production,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Direct,
        Self::Nginx,
        Self::Hyper,
        Self::PassThrough,
        Self::Memory,
        Self::Lite,
        Self::Unanalysed,
        Self::Guarded,
        Self::Production,
    ];

    /// How the table names it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Nginx => "nginx",
            Self::Hyper => "bare hyper",
            Self::PassThrough => "LLMTrace pass-through",
            Self::Memory => "LLMTrace memory",
            Self::Lite => "LLMTrace lite",
            Self::Unanalysed => "LLMTrace unanalysed",
            Self::Guarded => "LLMTrace guarded",
            Self::Production => "LLMTrace production",
        }
    }
}

/// The servers of the production profile.
#[derive(Debug, Clone)]
pub(crate) struct Servers {
    pub(crate) clickhouse: String,
    pub(crate) postgres: String,
    pub(crate) redis: String,
}

/// Where the programs are.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    /// This program, for provider and floor.
    pub(crate) bench: PathBuf,
    pub(crate) nginx: PathBuf,
    pub(crate) llmtrace: PathBuf,
    /// Started by whoever runs the bench; without them the production profile is left out.
    pub(crate) servers: Option<Servers>,
    /// Where journals and databases go; removed after each phase.
    pub(crate) data: PathBuf,
}

impl Programs {
    /// What a contestant needs that is not there, if something is missing.
    pub(crate) fn missing(&self, kind: Kind) -> Option<String> {
        let needed = match kind {
            Kind::Direct | Kind::Hyper => None,
            Kind::Nginx => Some(self.nginx.as_path()),
            Kind::Production if self.servers.is_none() => {
                return Some("LLMTRACE_TEST_{CLICKHOUSE,POSTGRES,REDIS}_URL, see scripts/engines.sh".to_owned());
            }
            Kind::PassThrough | Kind::Memory | Kind::Lite | Kind::Unanalysed | Kind::Guarded | Kind::Production => {
                Some(self.llmtrace.as_path())
            }
        };
        needed.filter(|path| !path.is_file()).map(|path| format!("the program {}", path.display()))
    }
}

/// A contestant that answers. Dropping it ends its process and removes its folder, in this order.
#[derive(Debug)]
pub(crate) struct Contestant {
    pub(crate) kind: Kind,
    pub(crate) addr: SocketAddr,
    process: Option<Process>,
    _folder: TempDir,
}

impl Contestant {
    /// Starts `kind` in front of the provider at `upstream` and waits until it answers.
    pub(crate) async fn start(kind: Kind, programs: &Programs, upstream: SocketAddr) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("llmtrace-bench-").tempdir_in(&programs.data)?;
        let (process, addr) = match kind {
            Kind::Direct => (None, upstream),
            Kind::Nginx => {
                let addr = free_addr()?;
                let config = folder.path().join("nginx.conf");
                fs::write(&config, nginx_config(folder.path(), addr, upstream))?;
                let mut command = Command::new(&programs.nginx);
                command.arg("-p").arg(folder.path()).arg("-e").arg(folder.path().join("error.log"));
                (Some(Process::start("nginx", command.arg("-c").arg(&config))?), addr)
            }
            Kind::Hyper => {
                let mut command = Command::new(&programs.bench);
                command.args(["hyper", "--upstream", &upstream.to_string()]);
                let (process, addr) = Process::start_serving("bare hyper", &mut command)?;
                (Some(process), addr)
            }
            Kind::PassThrough | Kind::Memory | Kind::Lite | Kind::Unanalysed | Kind::Guarded | Kind::Production => {
                let addr = free_addr()?;
                let mut command = llmtrace(kind, programs, folder.path(), addr, upstream);
                (Some(Process::start(kind.label(), &mut command)?), addr)
            }
        };
        let mut this = Self { kind, addr, process, _folder: folder };
        this.wait_until_ready().await.with_context(|| format!("waiting for {}", kind.label()))?;
        Ok(this)
    }

    /// CPU time so far in nanoseconds; `None` where there is no process.
    pub(crate) fn cpu_nanos(&self) -> anyhow::Result<Option<u64>> {
        self.process.as_ref().map(Process::cpu_nanos).transpose()
    }

    /// Resident bytes now; `None` where there is no process.
    pub(crate) fn rss_bytes(&self) -> anyhow::Result<Option<u64>> {
        self.process.as_ref().map(Process::rss_bytes).transpose()
    }

    /// Where the back lane stands; `None` where nothing is stored.
    pub(crate) async fn depth(&self) -> anyhow::Result<Option<Depth>> {
        match self.kind {
            Kind::Direct | Kind::Nginx | Kind::Hyper | Kind::PassThrough => Ok(None),
            Kind::Memory | Kind::Lite | Kind::Unanalysed | Kind::Guarded | Kind::Production => {
                scrape::depth(self.addr).await.map(Some)
            }
        }
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            if let Some(process) = &mut self.process {
                process.ensure_running()?;
            }
            match self.probe().await {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    async fn probe(&self) -> anyhow::Result<()> {
        let mut connection = Connection::open(self.addr).await?;
        let path = match self.kind {
            Kind::Direct | Kind::Nginx | Kind::Hyper => "/",
            Kind::PassThrough | Kind::Memory | Kind::Lite | Kind::Unanalysed | Kind::Guarded | Kind::Production => {
                "/readyz"
            }
        };
        connection.exchange(format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.addr).as_bytes()).await
    }
}

/// An address nobody listens on now. Another process could take it before we do; then the start fails and says so.
fn free_addr() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn llmtrace(kind: Kind, programs: &Programs, folder: &Path, addr: SocketAddr, upstream: SocketAddr) -> Command {
    let mut command = Command::new(&programs.llmtrace);
    command.env_clear().current_dir(folder);
    command.env("LLMTRACE_LISTEN_ADDR", addr.to_string());
    command.env("LLMTRACE_UPSTREAM_URL", format!("http://{upstream}"));
    let profile = match kind {
        Kind::Lite | Kind::Unanalysed | Kind::Guarded => "lite",
        Kind::Production => "production",
        Kind::Direct | Kind::Nginx | Kind::Hyper | Kind::PassThrough | Kind::Memory => "memory",
    };
    command.env("LLMTRACE_STORAGE__PROFILE", profile);
    if let (Kind::Production, Some(servers)) = (kind, &programs.servers) {
        command.env("LLMTRACE_CLICKHOUSE_URL", &servers.clickhouse);
        // A database of its own each time, as the other contestants have a folder of their own.
        command.env("LLMTRACE_CLICKHOUSE_DATABASE", format!("bench_{}", addr.port()));
        command.env("LLMTRACE_POSTGRES_URL", &servers.postgres);
        command.env("LLMTRACE_REDIS_URL", &servers.redis);
    }
    command.env("LLMTRACE_STORAGE__PATH", folder.join("data"));
    command.env("LLMTRACE_LOGGING__LEVEL", "warn");
    // The default of 1000 would refuse the probe beside a thousand held connections; nginx has the same 8192.
    command.env("LLMTRACE_MAX_CONNECTIONS", "8192");
    if kind == Kind::Unanalysed {
        command.env("LLMTRACE_ENABLE_SECURITY_ANALYSIS", "false");
    }
    if kind == Kind::Guarded {
        // The load is words without sense: now and then a long one looks like an attack in an encoding, which is not blocked here.
        let attacks = "{kinds: [injection, jailbreak], channels: [user, untrusted], min_score: 0.9, action: block}";
        let rules = format!("[{{kinds: [secret, pii], action: redact}}, {attacks}]");
        command.env("LLMTRACE_GUARD__RULES", rules);
    }
    if kind == Kind::PassThrough {
        command.env("LLMTRACE_ENABLE_TRACE_STORAGE", "false");
    }
    command
}

/// One worker, keep-alive on both sides, no buffering of answers, request bodies held in memory, no access log.
fn nginx_config(folder: &Path, addr: SocketAddr, upstream: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {folder}/client;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 64m;
    client_body_buffer_size 1m;
    keepalive_timeout 3600s;
    keepalive_requests 1000000000;
    client_header_timeout 3600s;
    tcp_nodelay on;
    upstream provider {{
        server {upstream};
        keepalive 1024;
        keepalive_requests 1000000000;
        keepalive_timeout 3600s;
    }}
    server {{
        listen {addr} backlog=4096;
        location / {{
            proxy_pass http://provider;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_buffering off;
            proxy_read_timeout 3600s;
        }}
    }}
}}
"
    )
}
