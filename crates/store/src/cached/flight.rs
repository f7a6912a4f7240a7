//! One question that several callers ask at once is answered once.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{sync::OnceCell, time::Instant};

use crate::Error;

/// Questions that are being answered.
pub(super) struct Flights<A>(Mutex<HashMap<String, Flight<A>>>);

struct Flight<A> {
    begun: Instant,
    answer: Arc<OnceCell<A>>,
    /// Callers that wait for it.
    waiting: usize,
}

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// This caller.
    Us,
    /// One that asked the same before.
    Another,
}

impl<A> Default for Flights<A> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<A: Clone> Flights<A> {
    /// Answers with `work`, or waits for another caller who asked the same at most `youth` ago.
    ///
    /// Where that one leaves or fails, the next one of those who wait does its own work. Cancel-safe.
    pub(super) async fn join<F>(&self, key: String, youth: Duration, work: F) -> Result<(A, By), Error>
    where
        F: Future<Output = Result<A, Error>>,
    {
        let answer = self.board(&key, youth);
        let _leave = Leave { flights: self, answer: &answer, key };
        let mut by = By::Another;
        let found = answer.get_or_try_init(async || {
            by = By::Us;
            work.await
        });
        let found = found.await?.clone();
        Ok((found, by))
    }

    pub(super) fn board(&self, key: &str, youth: Duration) -> Arc<OnceCell<A>> {
        let mut flights = self.0.lock();
        match flights.get_mut(key) {
            Some(flight) if flight.begun.elapsed() <= youth => {
                flight.waiting += 1;
                Arc::clone(&flight.answer)
            }
            // Those who wait for an older one keep it.
            Some(_) | None => {
                let answer = Arc::default();
                let flight = Flight { begun: Instant::now(), answer: Arc::clone(&answer), waiting: 1 };
                flights.insert(key.to_owned(), flight);
                answer
            }
        }
    }
}

/// One caller fewer waits; after the last one the question is forgotten.
struct Leave<'a, A> {
    flights: &'a Flights<A>,
    answer: &'a Arc<OnceCell<A>>,
    key: String,
}

impl<A> Drop for Leave<'_, A> {
    fn drop(&mut self) {
        let mut flights = self.flights.0.lock();
        let Some(flight) = flights.get_mut(&self.key) else { return };
        // A younger one may have taken its place.
        if !Arc::ptr_eq(&flight.answer, self.answer) {
            return;
        }
        flight.waiting -= 1;
        if flight.waiting == 0 {
            flights.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::{Backend, cached::MAX_LIVE};

    #[tokio::test]
    async fn one_of_many_who_ask_the_same_at_once_asks_the_store() {
        let flights = Flights::<u32>::default();
        let asked = AtomicI64::new(0);
        let (open, gate) = tokio::sync::watch::channel(false);
        let ask = async |key: &str| {
            let work = async {
                let turn = asked.fetch_add(1, Ordering::Relaxed);
                gate.clone().wait_for(|open| *open).await.unwrap();
                Ok(u32::try_from(turn).unwrap())
            };
            flights.join(key.to_owned(), MAX_LIVE, work).await.unwrap()
        };
        let (same, others) = tokio::join!(async { tokio::join!(ask("a"), ask("a"), ask("a")) }, async {
            let other = tokio::join!(ask("b"), async { open.send(true).unwrap() });
            other.0
        });
        assert_eq!((same, others), (((0, By::Us), (0, By::Another), (0, By::Another)), (1, By::Us)));
        assert_eq!(ask("a").await, (2, By::Us), "it is over");
    }

    #[tokio::test]
    async fn the_next_one_asks_where_the_first_fails_or_leaves_or_is_too_old() {
        let flights = Flights::<u32>::default();
        let fails = async { Err(Error::closed(Backend::Memory, "stats")) };
        let (first, second) = tokio::join!(
            flights.join("a".to_owned(), MAX_LIVE, fails),
            flights.join("a".to_owned(), MAX_LIVE, async { Ok(2) })
        );
        assert!(first.is_err());
        assert_eq!(second.unwrap(), (2, By::Us));
        let leaves = flights.join("a".to_owned(), MAX_LIVE, std::future::pending());
        let (left, stayed) = tokio::join!(
            tokio::time::timeout(Duration::from_millis(1), leaves),
            flights.join("a".to_owned(), MAX_LIVE, async { Ok(3) })
        );
        assert!(left.is_err());
        assert_eq!(stayed.unwrap(), (3, By::Us));
        let old = flights.board("a", MAX_LIVE);
        assert!(!Arc::ptr_eq(&old, &flights.board("a", Duration::ZERO)));
    }
}
