//! The turns of a session while they happen: what waits for an answer, and the answers that are being given.

use std::collections::VecDeque;

use super::{End, Flavour, Rest, Step, Turn, cut, gemini, lines::Lines, openai};
use crate::{
    dialects::Format,
    scanner::{Scan, Vital},
    websocket::Side,
};

/// Most answers that are open at once; OpenAI runs several side by side where they are out of band.
const MAX_OPEN: usize = 32;
/// Most requests that wait for their answers.
const MAX_WAITING: usize = 32;

/// Inline bytes that came in pieces: only their number and size are kept.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) events: u64,
    pub(super) bytes: u64,
    /// What they are, where the client says so.
    pub(super) mime: Vec<u8>,
}

impl Tally {
    pub(super) fn add(&mut self, bytes: usize) {
        self.events += 1;
        self.bytes += bytes as u64;
    }
}

/// What the client said and no answer has taken yet.
pub(super) struct Asked {
    pub(super) request: Lines,
    pub(super) response: Lines,
    /// The client's audio, and what it showed.
    pub(super) media: [Tally; 2],
    asked_us: Option<u64>,
}

/// An answer that is being given.
pub(super) struct Open {
    turn: u32,
    id: Vec<u8>,
    request: Lines,
    response: Lines,
    started_us: u64,
    first_byte_us: Option<u64>,
    first_token_us: Option<u64>,
    knows_start: bool,
    done_us: Option<u64>,
    scan: Box<dyn Scan>,
    vital: Vital,
    /// The model's audio since the last line.
    media: Tally,
}

/// All turns of a session that have not ended.
pub(super) struct Turns {
    format: &'static Format,
    keep: usize,
    flavour: Flavour,
    waiting: VecDeque<Asked>,
    open: Vec<Open>,
    /// What each side last said of the session as a whole: every turn is read with it.
    context: [Vec<u8>; 2],
    session: [Lines; 2],
    next: u32,
    pub(super) steps: Vec<Step>,
    /// How the client's tally becomes a line.
    asked_media_line: fn(&Tally, usize) -> String,
}

fn at(side: Side) -> usize {
    match side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

impl Turns {
    pub(super) fn new(format: &'static Format, keep: usize, flavour: Flavour) -> Self {
        let asked_media_line = match flavour {
            Flavour::OpenAi => openai::asked_media_line,
            Flavour::Gemini => gemini::asked_media_line,
        };
        Self {
            format,
            keep,
            flavour,
            waiting: VecDeque::new(),
            open: Vec::new(),
            context: [Vec::new(), Vec::new()],
            session: [Lines::new(keep), Lines::new(keep)],
            next: 0,
            steps: Vec::new(),
            asked_media_line,
        }
    }

    /// How many turns have begun.
    pub(super) fn begun(&self) -> u32 {
        self.next
    }

    /// Notes a line of the session that belongs to no turn.
    pub(super) fn note(&mut self, side: Side, line: &str) {
        self.session[at(side)].push(line.as_bytes());
    }

    /// Notes a message of the session that belongs to no turn.
    pub(super) fn session(&mut self, side: Side, message: &[u8]) {
        self.session[at(side)].push(&cut::line(message));
    }

    /// Notes what a side says of the session as a whole.
    pub(super) fn context(&mut self, side: Side, message: &[u8]) {
        let line = cut::line(message).into_owned();
        self.session[at(side)].push(&line);
        self.context[at(side)] = line;
    }

    /// What the client is saying.
    pub(super) fn asking(&mut self) -> &mut Asked {
        if self.waiting.is_empty() {
            self.waiting.push_back(Asked::new(self.keep));
        }
        let last = self.waiting.len() - 1;
        &mut self.waiting[last]
    }

    /// Notes a message of what the client is saying.
    pub(super) fn ask(&mut self, message: &[u8]) {
        self.asking().request.push(&cut::line(message));
    }

    /// Notes what the server says before it answers: it is about what it will answer next.
    pub(super) fn remark(&mut self, message: &[u8]) {
        if self.waiting.is_empty() {
            self.asking();
        }
        if let Some(next) = self.waiting.front_mut() {
            next.response.push(&cut::line(message));
        }
    }

    /// It is the model's turn; what the client says from here on is for the next one.
    pub(super) fn seal(&mut self, at_us: u64) {
        self.asking().asked_us = Some(at_us);
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(Asked::new(self.keep));
        }
    }

    /// It is the model's turn, as far as is known.
    pub(super) fn asked(&mut self, at_us: u64) {
        self.asking().asked_us = Some(at_us);
    }

    /// The oldest request will not be answered: the next answer is for it and what follows.
    pub(super) fn not_answered(&mut self) {
        if self.waiting.len() < 2 {
            return;
        }
        let (Some(first), Some(second)) = (self.waiting.pop_front(), self.waiting.front_mut()) else { return };
        second.follow(first, self.keep, self.asked_media_line);
    }

    /// The model begins to answer; returns the number of the open turn.
    pub(super) fn begin(&mut self, id: &[u8], at_us: u64) -> usize {
        if self.open.len() >= MAX_OPEN {
            self.end(0, at_us, End::Open);
        }
        let asked = self.waiting.pop_front().unwrap_or_else(|| Asked::new(self.keep));
        let turn = self.next;
        self.next = self.next.wrapping_add(1);
        let started_us = asked.asked_us.unwrap_or(at_us).min(at_us);
        let knows_start = asked.asked_us.is_some();
        let [mut request, mut response] = [Lines::new(self.keep), Lines::new(self.keep)];
        for (lines, context) in [(&mut request, &self.context[0]), (&mut response, &self.context[1])] {
            if !context.is_empty() {
                lines.push(context);
            }
        }
        asked.media_into(&mut request, self.asked_media_line);
        request.append(&asked.request);
        response.append(&asked.response);
        self.open.push(Open {
            turn,
            id: id.to_vec(),
            request,
            response,
            started_us,
            first_byte_us: Some(at_us),
            first_token_us: None,
            knows_start,
            done_us: None,
            scan: (self.format.scan)(),
            vital: Vital::default(),
            media: Tally::default(),
        });
        self.steps.push(Step::Began { turn, started_us });
        self.open.len() - 1
    }

    /// The open turn of this id.
    pub(super) fn find(&self, id: &[u8]) -> Option<usize> {
        self.open.iter().rposition(|open| open.id == id)
    }

    /// The open turn that began last.
    pub(super) fn last(&self) -> Option<usize> {
        self.open.len().checked_sub(1)
    }

    /// The turn that is complete but for its usage.
    pub(super) fn lingering(&self) -> Option<usize> {
        self.open.iter().position(|open| open.done_us.is_some())
    }

    /// Notes what the client says to an answer that is being given.
    pub(super) fn interject(&mut self, turn: usize, message: &[u8]) {
        if let Some(open) = self.open.get_mut(turn) {
            open.request.push(&cut::line(message));
        }
    }

    /// Notes a piece of the model's audio.
    pub(super) fn heard(&mut self, turn: usize, bytes: usize, at_us: u64) {
        if let Some(open) = self.open.get_mut(turn) {
            open.media.add(bytes);
            open.note_first_token(at_us);
        }
    }

    /// Notes what the server says in an answer; ends the turn where that was all.
    pub(super) fn answer(&mut self, turn: usize, message: &[u8], at_us: u64) {
        let Some(open) = self.open.get_mut(turn) else { return };
        let line = cut::line(message);
        open.take(&line);
        if open.vital.first_token {
            open.note_first_token(at_us);
        }
        if !open.vital.finished {
            return;
        }
        if self.flavour == Flavour::Gemini && open.vital.meter.usage.is_none() && open.done_us.is_none() {
            open.done_us = Some(at_us);
        } else {
            self.end(turn, at_us, End::Done);
        }
    }

    /// A turn of one event, beside the others; `about` stands before it and says what it is.
    pub(super) fn aside(&mut self, about: &str, message: &[u8], started_us: Option<u64>, at_us: u64) {
        let waiting = std::mem::take(&mut self.waiting);
        let context = std::mem::take(&mut self.context);
        let turn = self.begin(b"", at_us);
        (self.waiting, self.context) = (waiting, context);
        if let (Some(open), Some(started_us)) = (self.open.get_mut(turn), started_us) {
            (open.started_us, open.knows_start) = (started_us.min(at_us), true);
        }
        if let (Some(open), Some(Step::Began { started_us, .. })) = (self.open.get_mut(turn), self.steps.last_mut()) {
            *started_us = open.started_us;
            open.take(about.as_bytes());
        }
        self.answer(turn, message, at_us);
        if turn < self.open.len() {
            self.end(turn, at_us, End::Done);
        }
    }

    /// A turn has ended.
    pub(super) fn end(&mut self, turn: usize, at_us: u64, end: End) {
        if turn >= self.open.len() {
            return;
        }
        let mut open = self.open.remove(turn);
        open.media_into_line();
        self.steps.push(Step::Ended(Box::new(Turn {
            turn: open.turn,
            started_us: open.started_us,
            first_byte_us: open.first_byte_us,
            first_token_us: open.first_token_us.filter(|_| open.knows_start),
            ended_us: open.done_us.unwrap_or(at_us),
            request: open.request.finish(),
            response: open.response.finish(),
            meter: open.vital.meter,
            error: open.vital.error,
            end,
        })));
    }

    /// The session has ended.
    pub(super) fn finish(&mut self, at_us: u64) -> Rest {
        // What was asked and never answered is a turn, too.
        while self.waiting.front().is_some_and(|asked| asked.asked_us.is_some() && !asked.is_empty()) {
            let turn = self.begin(b"", at_us);
            self.open[turn].first_byte_us = None;
        }
        while let Some(open) = self.open.first() {
            let end = if open.done_us.is_some() { End::Done } else { End::Open };
            self.end(0, at_us, end);
        }
        let [mut request, mut response] = std::mem::take(&mut self.session);
        for asked in std::mem::take(&mut self.waiting) {
            asked.media_into(&mut request, self.asked_media_line);
            request.append(&asked.request);
            response.append(&asked.response);
        }
        Rest { request: request.finish(), response: response.finish() }
    }
}

impl Asked {
    fn new(keep: usize) -> Self {
        Self {
            request: Lines::new(keep),
            response: Lines::new(keep),
            media: [Tally::default(), Tally::default()],
            asked_us: None,
        }
    }

    fn is_empty(&self) -> bool {
        self.request.is_empty() && self.response.is_empty() && self.media.iter().all(|tally| tally.events == 0)
    }

    /// Puts itself behind what was asked before and not answered.
    fn follow(&mut self, first: Self, keep: usize, line: fn(&Tally, usize) -> String) {
        let (request, response) = (std::mem::take(&mut self.request), std::mem::take(&mut self.response));
        let mut joined = Lines::new(keep);
        first.media_into(&mut joined, line);
        joined.append(&first.request);
        joined.append(&request);
        self.request = joined;
        self.response = first.response;
        self.response.append(&response);
    }

    fn media_into(&self, lines: &mut Lines, line: fn(&Tally, usize) -> String) {
        for (kind, tally) in self.media.iter().enumerate().filter(|(_, tally)| tally.events > 0) {
            lines.push(line(tally, kind).as_bytes());
        }
    }
}

impl Open {
    fn take(&mut self, line: &[u8]) {
        self.scan.event(b"", line, &mut self.vital);
        if self.vital.finished {
            self.media_into_line();
        }
        self.response.push(line);
    }

    fn note_first_token(&mut self, at_us: u64) {
        self.first_token_us.get_or_insert(at_us);
    }

    fn media_into_line(&mut self) {
        let media = std::mem::take(&mut self.media);
        if media.events > 0 {
            // Only OpenAI's audio comes in events of its own.
            let line = openai::said_media_line(&media);
            self.vital.first_token = true;
            self.response.push(line.as_bytes());
        }
    }
}
