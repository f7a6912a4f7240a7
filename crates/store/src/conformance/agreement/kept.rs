//! Answers that are kept in Redis are those of the store, whoever changes rows.

use std::time::Duration;

use super::*;
use crate::{Cached, Keeping, MAX_KEPT, Secret, ServerOptions};

/// Times that are long over for these processes.
fn over() -> impl Strategy<Value = Timestamp> + Clone + 'static {
    hours().prop_map(|time| time.min(Timestamp::from_unix_us(1000 * HOUR_US)))
}

async fn process(inner: &Arc<dyn SpanStore>, server: &ServerOptions) -> Arc<dyn SpanStore> {
    let keeping = Keeping {
        server: server.clone(),
        longest: MAX_KEPT,
        now: Arc::new(|| Timestamp::from_unix_us(2000 * HOUR_US)),
        watch: Arc::new(|_| ()),
    };
    // What nobody could tell is served until it ends by itself: on a busy machine Redis needs longer than production waits.
    let cached = Cached::over(Arc::clone(inner), "redis", keeping).unwrap().patient();
    while cached.look_after().await < Duration::from_secs(2) {}
    Arc::new(cached)
}

proptest! {
    // Few cases: each question is some round trips.
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 50, ..ProptestConfig::default() })]
    #[test]
    fn kept_answers_are_those_of_the_store(
        changes in proptest::collection::vec(
            prop_oneof![
                3 => proptest::collection::vec(record(over()), 1..40).prop_map(Change::Write),
                1 => (0u64..40, nanos()).prop_map(|(n, nanos)| Change::Reprice(n, nanos)),
            ],
            1..6
        ),
        questions in proptest::collection::vec(question(over()), 6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (options, prefix, _guard) = engines::redis();
            let url = format!("{}?prefix={prefix}", options.url.unwrap().expose());
            let server = ServerOptions { url: Some(Secret::new(url)), ..ServerOptions::default() };
            let memory = open_spans("test", "memory:", &Options::default()).await.unwrap();
            let (writes, reads) = (process(&memory, &server).await, process(&memory, &server).await);
            for change in &changes {
                change.make(&writes).await;
                for question in &questions {
                    // The first keeps what the second finds.
                    compare(&memory, &writes, question).await?;
                    compare(&memory, &reads, question).await?;
                }
            }
            Ok::<(), TestCaseError>(())
        })?;
    }
}
