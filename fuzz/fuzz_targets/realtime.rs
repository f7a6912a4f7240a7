//! A session of any messages never panics, ends every turn it began, and what it copies is read without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmtrace_wire::{
    BodyCopy, Dialect, Exchange, Limits, decode,
    realtime::{MEDIA_TYPE, Session, Step},
    websocket::Side,
};

fuzz_target!(|input: (bool, u16, Vec<(bool, &[u8])>)| {
    let (is_openai, keep, messages) = input;
    let (dialect, target) = if is_openai {
        (Dialect::OpenaiRealtime, "/v1/realtime?model=m")
    } else {
        (Dialect::GeminiLive, "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent")
    };
    let keep = usize::from(keep);
    let mut session = Session::new(dialect, keep).expect("it has sessions");
    let (mut began, mut turns) = (0, Vec::new());
    let mut note = |step: Step| match step {
        Step::Began { .. } => began += 1,
        Step::Ended(turn) => turns.push((turn.request, turn.response)),
    };
    for (at, (is_client, message)) in (0u64..).zip(&messages) {
        let side = if *is_client { Side::Client } else { Side::Server };
        session.says(side, message, at, &mut note);
    }
    let rest = session.finish(messages.len() as u64, None, &mut note);
    assert_eq!(began, turns.len());
    turns.push((rest.request, rest.response));
    let headers = [("content-type".to_owned(), MEDIA_TYPE.to_owned())];
    for (request, response) in &turns {
        assert!(request.head.len() <= keep && response.head.len() <= keep);
        decode(
            &Exchange {
                host: "h",
                method: "GET",
                target,
                request_headers: &headers,
                request: BodyCopy { head: &request.head, tail: &request.tail, total_bytes: request.total_bytes },
                status: Some(101),
                answer_headers: &headers,
                response: BodyCopy { head: &response.head, tail: &response.tail, total_bytes: response.total_bytes },
                scanned: None,
            },
            &Limits::default(),
        );
    }
});
