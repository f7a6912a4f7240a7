//! The gate alone, on a clock that stands still until everybody waits.

use futures_util::{
    FutureExt as _,
    future::{join, join3, join4},
};

use super::*;

const PATIENCE: Duration = Duration::from_secs(2);

fn gate(holding: usize) -> Gate {
    let gate = Gate::new(100, 1000, PATIENCE);
    gate.entered(holding);
    gate
}

#[test]
fn below_the_mark_nobody_waits() {
    assert_eq!(gate(0).admit(), Some(Room::Promised));
    assert_eq!(gate(99).admit(), Some(Room::Promised));
    assert_eq!(gate(100).admit(), None);
}

#[tokio::test(start_paused = true)]
async fn who_came_first_is_let_in_first_and_no_more_than_there_is_room_for() {
    let gate = gate(150);
    let inside = Mutex::new(Vec::new());
    let enter = |n: u32| {
        let (gate, inside) = (&gate, &inside);
        async move {
            assert_eq!(gate.wait(40).await, Waited::LetIn(Room::Promised));
            lock(inside).push(n);
        }
    };
    let write = async {
        for (bytes, expected) in [(40, vec![]), (20, vec![1]), (50, vec![1, 2, 3])] {
            assert_eq!(gate.left(bytes), CaughtUp::No);
            tokio::task::yield_now().await;
            assert_eq!(*lock(&inside), expected, "after {bytes} bytes left");
        }
    };
    join4(enter(1), enter(2), enter(3), write).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_overtakes_who_waits_and_who_goes_leaves_no_trace() {
    let gate = gate(100);
    let mut first = Box::pin(gate.wait(10));
    let mut second = Box::pin(gate.wait(10));
    assert!(first.as_mut().now_or_never().is_none() && second.as_mut().now_or_never().is_none());
    assert_eq!(gate.waiting(), 2);
    drop(first);
    assert_eq!(gate.waiting(), 1);
    assert_eq!(gate.admit(), None);
    gate.left(5);
    assert_eq!(second.await, Waited::LetIn(Room::Promised), "the room of who went is not kept");
    assert_eq!((gate.waiting(), gate.admit()), (0, Some(Room::Promised)));
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_while_others_are_written_is_refused() {
    let gate = gate(150);
    let (waited, _) = join(gate.wait(40), async { gate.left(10) }).await;
    assert_eq!(waited, Waited::InVain);
    assert_eq!(gate.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_moves_nobody_waits_until_half_of_the_mark_is_free() {
    let gate = gate(150);
    let stalls = async {
        assert_eq!(gate.wait(40).await, Waited::Stalled);
        assert!(gate.stall(), "the first to say so");
        assert!(!gate.stall());
    };
    let since = tokio::time::Instant::now();
    let behind = async {
        tokio::time::sleep(PATIENCE / 2).await;
        let waited = gate.wait(40).await;
        (waited, since.elapsed())
    };
    let ((), (waited, after)) = join(stalls, behind).await;
    assert_eq!((waited, after), (Waited::LetIn(Room::NotPromised), PATIENCE), "sent on with the first");
    assert_eq!(gate.admit(), Some(Room::NotPromised));
    assert_eq!(gate.wait(1).await, Waited::LetIn(Room::NotPromised));
    assert_eq!(gate.left(60), CaughtUp::No);
    assert!(gate.is_stalled(), "90 of 100");
    assert_eq!(gate.admit(), Some(Room::Promised), "there is room");
    assert_eq!(gate.left(40), CaughtUp::Yes);
    assert!(!gate.is_stalled());
}

#[tokio::test(start_paused = true)]
async fn a_degraded_journal_keeps_nobody_waiting() {
    let gate = gate(150);
    let (first, second, ()) = join3(gate.wait(1), gate.wait(1), async { gate.set_degraded(true) }).await;
    assert_eq!([first, second], [Waited::LetIn(Room::NotPromised); 2]);
    assert_eq!(gate.admit(), Some(Room::NotPromised));
    gate.set_degraded(false);
    assert_eq!(gate.admit(), None);
}

#[tokio::test(start_paused = true)]
async fn a_back_lane_that_is_behind_is_waited_for_as_long_as_it_catches_up_in_time() {
    let gate = gate(0);
    gate.set_backlog(1000);
    assert_eq!(gate.admit(), None);
    let (waited, _) = join(gate.wait(40), async { gate.set_backlog(990) }).await;
    assert_eq!(waited, Waited::LetIn(Room::Promised));

    gate.set_backlog(1000);
    assert_eq!(gate.wait(40).await, Waited::Outrun, "never refused");
    assert!(gate.outrun(), "the first to say so");
    assert_eq!(gate.admit(), Some(Room::Promised), "the queue has room");
    gate.set_backlog(0);
    gate.set_backlog(1000);
    assert_eq!(gate.admit(), Some(Room::Promised), "what the cap takes off is not progress");
    gate.set_backlog(501);
    assert_eq!(gate.stored(), CaughtUp::No);
    gate.set_backlog(500);
    assert_eq!(gate.stored(), CaughtUp::Yes);
    gate.set_backlog(1000);
    assert_eq!(gate.admit(), None, "waited for again");
}
