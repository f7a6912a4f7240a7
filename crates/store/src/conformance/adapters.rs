//! The suite on each adapter.

/// Runs every function of the suite on a fresh store each.
macro_rules! suite {
    ($open:path: $($name:ident),+ $(,)?) => {
        $(#[tokio::test]
        async fn $name() {
            let (store, _guard) = $open().await;
            $crate::conformance::spans::$name(store).await;
        })+
    };
}

macro_rules! spans {
    ($open:path) => {
        suite! { $open:
            a_written_span_is_read_back_unchanged,
            writing_a_batch_twice_leaves_each_span_once,
        }
    };
}

mod memory {
    async fn open() -> (std::sync::Arc<dyn crate::SpanStore>, ()) {
        (crate::open_spans("test", "memory:", &crate::Options::default()).await.unwrap(), ())
    }
    spans!(open);
}

mod sqlite {
    async fn open() -> (std::sync::Arc<dyn crate::SpanStore>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/spans.db", folder.path().display());
        (crate::open_spans("test", &url, &crate::Options::default()).await.unwrap(), folder)
    }
    spans!(open);
}
