//! Redis servers of one test's own: alone, over TLS, as a cluster, as a Sentinel group. They end with the test.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::{Secret, ServerOptions};

/// Starting again where another process took the port meanwhile.
const ATTEMPTS: usize = 5;

/// A server; it is killed when this is dropped.
pub(super) struct Server {
    child: Child,
    pub(super) port: u16,
    /// Its data, and what it was told; removed with it.
    _folder: TempDir,
}

impl Server {
    /// A master that listens without TLS, with these settings more.
    pub(super) fn start(settings: &[&str]) -> Self {
        Self::listening(&["--port", "PORT"], settings)
    }

    /// One that listens as it is told; `PORT` stands for the port it gets, `FOLDER` for its folder.
    pub(super) fn listening(how: &[&str], settings: &[&str]) -> Self {
        let common = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "FOLDER"];
        Self::run(|_, _| (), &[&common, how, settings].concat(), "Ready to accept connections")
    }

    /// A sentinel of the master at `master`, called `main`.
    pub(super) fn sentinel(master: u16) -> Self {
        let write = |folder: &Path, port: u16| {
            let text = format!(
                "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor main 127.0.0.1 {master} 1\n\
                 sentinel down-after-milliseconds main 300\nsentinel failover-timeout main 3000\n",
                folder.display()
            );
            std::fs::write(folder.join("sentinel.conf"), text).unwrap();
        };
        Self::run(write, &["FOLDER/sentinel.conf", "--sentinel"], "+monitor master")
    }

    fn run(prepare: impl Fn(&Path, u16), arguments: &[&str], ready: &str) -> Self {
        let mut said = String::new();
        for _ in 0..ATTEMPTS {
            let folder = tempfile::tempdir().unwrap();
            // The port of a cluster's own talk is 10,000 above.
            let port = loop {
                let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
                if port < 55_000 {
                    break port;
                }
            };
            prepare(folder.path(), port);
            let place = folder.path().display().to_string();
            let arguments =
                arguments.iter().map(|word| word.replace("PORT", &port.to_string()).replace("FOLDER", &place));
            let child = Command::new("redis-server").args(arguments).stdout(Stdio::piped()).spawn();
            let mut child = child.expect("redis-server is missing: scripts/setup-test.sh installs it");
            let mut lines = BufReader::new(child.stdout.take().unwrap());
            let mut line = String::new();
            // An end without that line is another process on the port.
            while lines.read_line(&mut line).unwrap() > 0 {
                if line.contains(ready) {
                    // What it says from here on fits the pipe, which lives as long as it does.
                    child.stdout = Some(lines.into_inner());
                    return Self { child, port, _folder: folder };
                }
                said.push_str(&line);
                line.clear();
            }
            child.wait().unwrap();
        }
        panic!("redis-server did not start: {said}");
    }

    /// Ends it at once, as a machine that fails.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Holds it still, or lets it go on.
    pub(super) fn signal(&self, signal: &str) {
        let done = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status().unwrap();
        assert!(done.success());
    }

    /// Sends it one command.
    pub(super) async fn ask(&self, words: &[&str]) -> redis::Value {
        let client = redis::Client::open(("127.0.0.1", self.port)).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut command = redis::Cmd::new();
        command.arg(words);
        command.query_async(&mut connection).await.unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// Waits until its answer to a command has this in it.
    pub(super) async fn until(&self, words: &[&str], part: &str) {
        let said = async || format!("{:?}", self.ask(words).await).contains(part);
        until(&format!("{part} in the answer to {words:?}"), said).await;
    }
}

/// Asks again and again until it is so: servers tell nobody when they are ready.
pub(super) async fn until(what: &str, done: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("waited in vain: {what}"));
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Options with this URL.
pub(super) fn at(url: &str) -> ServerOptions {
    ServerOptions { url: Some(Secret::new(url)), ..ServerOptions::default() }
}

/// Three masters that share the slots.
pub(super) async fn cluster(settings: &[&str]) -> [Server; 3] {
    let start = || {
        let own = ["--cluster-enabled", "yes", "--cluster-config-file", "FOLDER/nodes.conf"];
        Server::start(&[&own, settings].concat())
    };
    let nodes = [start(), start(), start()];
    for (node, slots) in nodes.iter().zip([0..5461, 5461..10_923, 10_923..16_384]) {
        let slots: Vec<String> = slots.map(|slot| slot.to_string()).collect();
        let words: Vec<&str> = ["CLUSTER", "ADDSLOTS"].into_iter().chain(slots.iter().map(String::as_str)).collect();
        node.ask(&words).await;
    }
    for (epoch, node) in nodes.iter().enumerate() {
        node.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &(epoch + 1).to_string()]).await;
    }
    for other in &nodes[1..] {
        nodes[0].ask(&["CLUSTER", "MEET", "127.0.0.1", &other.port.to_string()]).await;
    }
    for node in &nodes {
        node.until(&["CLUSTER", "INFO"], "cluster_state:ok").await;
        node.until(&["CLUSTER", "INFO"], "cluster_known_nodes:3").await;
    }
    nodes
}
