//! What it costs to tell who is asking: from memory, among ten thousand keys. Prints nanoseconds of one call.

use std::{
    error::Error,
    hint::black_box,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, Instant},
};

use llmtrace_model::{AccessRole, Grant, TenantScope};
use llmtrace_server::{
    clock::Clock,
    config::Guarding,
    tasks::Tasks,
    telemetry::{Events, Metrics},
    tenancy::{Lifetimes, Mode, Parts, Tenancy, Token},
};
use llmtrace_store::{Options, Replacing, Written, open_counters, open_meta};

const KEYS: usize = 10_000;
const ROUNDS: usize = 100;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let meta = open_meta("storage.meta", "memory:", &Options::default()).await?;
    let clock = Clock::system();
    let mut keys = Vec::new();
    for n in 0..KEYS {
        let token = Token::mint()?;
        let grant = Grant::Tenant(format!("t{n}").parse()?, AccessRole::Operator);
        let key = token.to_key(String::new(), grant, clock.now(), None);
        let written = meta.put_key(&TenantScope::All, &key, Replacing::Nothing).await?;
        assert_eq!(written, Written::Done);
        keys.push(token);
    }
    let events = Events::new(Arc::new(Metrics::new()));
    let tasks = Tasks::new();
    let sessions = open_counters("storage.counters", "memory:", &Options::default()).await?;
    let lifetimes = Lifetimes { idle: Duration::from_secs(3_600), total: Duration::from_secs(3_600) };
    let parts = Parts {
        mode: Mode::Required,
        admin_key: None,
        vault: None,
        meta,
        sessions,
        lifetimes,
        oidc: None,
        guarding: Guarding::default(),
        clock,
        events,
    };
    let tenancy = Tenancy::start(parts, &tasks);
    let loading = Instant::now();
    tenancy.load().await;
    println!("{KEYS} keys were read in {} ms", loading.elapsed().as_millis());
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let started = Instant::now();
    for _ in 0..ROUNDS {
        for key in &keys {
            black_box(tenancy.who(Some(key.expose()), address).await)?;
        }
    }
    let each = started.elapsed().as_nanos() / (KEYS * ROUNDS) as u128;
    println!("{each} ns to tell one of them");
    tasks.stop();
    Ok(())
}
