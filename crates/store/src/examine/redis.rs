//! A look at a Redis server: whether it answers.

use super::{Note, of_error, refused};
use crate::{Options, open_counters};

pub(super) async fn examine(setting: &str, url: &str, options: &Options) -> Vec<Note> {
    let store = match open_counters(setting, url, options).await {
        Ok(store) => store,
        Err(error) => return vec![refused(setting, &error)],
    };
    // Opened also where the server is away.
    let pinged = store.ping().await;
    match (pinged, store.close().await) {
        (Err(error), _) | (Ok(()), Err(error)) => vec![of_error(setting, &error)],
        (Ok(()), Ok(())) => vec![Note::ok(setting, format!("{url} answers"))],
    }
}
