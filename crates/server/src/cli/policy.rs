//! `policy test`: what a draft of a policy would do about exchanges that are stored.

use std::{collections::BTreeMap, fs, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use llmtrace_detect::{Deadline, Engine, Policy};
use llmtrace_model::{Action, PageRequest, SpanFilter, TenantId, TenantScope};

use super::{store::open_existing, when::When};
use crate::{
    analysis::{Changed, NOTHING, Replay},
    clock::Clock,
    config::{Config, Guarding, OwnGuard},
};

/// Spans that are read at once.
const PAGE: u32 = 200;
/// How long looking at one page may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Options of `policy`.
#[derive(Debug, Args)]
pub(super) struct PolicyCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Look again at stored exchanges, and say what a draft would do about them that the configuration in force does not.
    Test(Test),
}

/// Options of `policy test`.
#[derive(Debug, Args)]
#[command(
    after_help = "The draft is YAML with what may stand under `guard` in the configuration and in the settings of a tenant: preset, \
                  mode, rules, allow. It is held against the configuration; policies of tenants' own are left out on both sides, \
                  POST /api/v1/policies/evaluate takes them in."
)]
struct Test {
    /// The draft.
    #[arg(long, value_name = "FILE")]
    draft: PathBuf,
    /// Spans that started at or after: an RFC 3339 time, or so long before now (90m, 24h, 7d).
    #[arg(long, value_name = "TIME", default_value = "24h")]
    since: When,
    /// Only the spans of this tenant; else of all.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// Most spans, the newest ones.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: u32,
    /// Print each exchange that would be met otherwise as a line of JSON, and the sums on standard error.
    #[arg(long)]
    json: bool,
}

impl PolicyCommand {
    pub(super) async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let What::Test(test) = &self.what;
        test.run(config).await
    }
}

impl Test {
    async fn run(&self, config: &Config) -> anyhow::Result<ExitCode> {
        let place = self.draft.display();
        let yaml = fs::read_to_string(&self.draft).with_context(|| format!("reading {place}"))?;
        let draft: serde_json::Value =
            serde_saphyr::from_str(&yaml).with_context(|| format!("{place} is no policy"))?;
        let draft = OwnGuard::read(&draft, "guard").with_context(|| format!("{place} is no policy"))?;
        let in_force = config.guard.guarding();
        let policy = draft.policy_over(&Policy::default());
        let then = Arc::new(Guarding { policy, ..in_force.clone() }.installation());
        let now_in_force = Arc::new(in_force.installation());
        let rulings = |_: &TenantId| (Arc::clone(&now_in_force), Arc::clone(&then));
        let now = Clock::system().now();
        let scope = self.tenant.clone().map_or(TenantScope::All, TenantScope::One);
        let filter = SpanFilter { from: Some(self.since.from(now)), ..SpanFilter::default() };
        let spans = open_existing(config, "what it has stored ends with it").await?;
        let engine = Engine::new();
        let (mut sums, mut page, mut left) = (Sums::default(), PageRequest { limit: PAGE, after: None }, self.limit);
        while left > 0 {
            page.limit = PAGE.min(left);
            let found = spans.list_records(&scope, &filter, &page).await.context("reading spans")?;
            left -= page.limit;
            let replay = Replay::of(&engine, &rulings, found.items, Deadline::within(PATIENCE));
            replay.changed.iter().for_each(|changed| self.show(changed));
            sums.add(replay);
            let Some(next) = found.next else { break };
            page.after = Some(next);
        }
        spans.close().await.context("closing the span store")?;
        let told = sums.told();
        if self.json {
            eprint!("{told}")
        } else {
            print!("{told}")
        }
        Ok(ExitCode::SUCCESS)
    }

    fn show(&self, Changed { span, now, then, findings }: &Changed) {
        let (now, then) = (word(*now), word(*then));
        if self.json {
            let findings: Vec<_> = findings
                .iter()
                .map(|f| {
                    serde_json::json!({"kind": f.kind, "subtype": f.subtype, "rule": f.rule, "channel": f.channel,
                        "now": word(f.now), "then": word(f.then)})
                })
                .collect();
            let line = serde_json::json!({"span_id": span.span_id, "tenant_id": span.tenant_id, "started_at": span.started_at,
                "now": now, "then": then, "findings": findings});
            println!("{line}");
            return;
        }
        println!("{}  {}  {}  {now} -> {then}", span.span_id, span.started_at, span.tenant_id);
        for f in findings {
            println!("    {} in {} by {}: {} -> {}", f.kind, f.channel, f.rule, word(f.now), word(f.then));
        }
    }
}

fn word(action: Option<Action>) -> &'static str {
    action.map_or(NOTHING, Action::as_str)
}

/// What all pages add up to.
#[derive(Default)]
struct Sums {
    looked_at: u64,
    without_content: u64,
    late: u64,
    changed: usize,
    now: BTreeMap<&'static str, u64>,
    then: BTreeMap<&'static str, u64>,
}

impl Sums {
    fn add(&mut self, replay: Replay) {
        self.looked_at += replay.looked_at;
        self.without_content += replay.without_content;
        self.late += replay.late;
        self.changed += replay.changed.len();
        for (sums, counts) in [(&mut self.now, replay.now), (&mut self.then, replay.then)] {
            counts.into_iter().for_each(|(action, count)| *sums.entry(action).or_default() += count);
        }
    }

    fn told(&self) -> String {
        let Self { looked_at, without_content, late, changed, now, then } = self;
        let mut told = format!("{looked_at} exchanges, {changed} would be met otherwise\n");
        for (few, why) in [(without_content, "their content was not kept"), (late, "there was no time")] {
            if *few > 0 {
                told += &format!("{few} could not be looked at: {why}\n");
            }
        }
        for action in [NOTHING].into_iter().chain(Action::ALL.iter().map(|action| action.as_str())) {
            let count = |of: &BTreeMap<&str, u64>| of.get(action).copied().unwrap_or_default();
            told += &format!("{action:>8}: {} now, {} then\n", count(now), count(then));
        }
        told
    }
}
