//! Finds text that would carry data away when it is shown or clicked.
//!
//! In answers: images, frames and other things that a client fetches unasked whose URL carries encoded text, free text,
//! credentials, placeholders or long random values; forms and links that do so more plainly; `javascript:` URLs and `data:`
//! documents; hosts that exist to record what reaches them. In untrusted content, which cannot hold the conversation's data
//! itself: URLs with holes that a model is to fill (`?q={conversation}`, `?data=`) in images and links, and hosts that record.
//!
//! Not found: data that is split over many URLs of ordinary look, in the choice between two images, or behind a redirect of an
//! allowed host; and what a tool sends (`tool_misuse`). Code that is shown (fences, backticks) is not rendered and not looked
//! at in answers.
//!
//! Severity: high where a client fetches the URL unasked, medium where a person has to click, low where only the name of a
//! parameter speaks for it.

use std::{borrow::Cow, ops::Range};

use llmtrace_model::{Channel, FindingKind, Severity};
use memchr::memmem::Finder;

use crate::{
    Detector, Hit, Input,
    detectors::{
        payload::{carried, waits_for_data},
        sure,
        url::Url,
    },
};
use carrier::{Carrier, Shown, carrier};
use judge::{Host, Tail, judge, judge_recorder, judge_template};

mod carrier;
mod judge;
#[cfg(test)]
mod tests;

/// Hosts that draw what stands in the URL (formulas, badges, charts, codes) or only count campaigns: what they are sent does
/// not reach whoever wrote the text.
pub(crate) const RENDERERS: &[&str] = &[
    "shields.io",
    "badge.fury.io",
    "badgen.net",
    "latex.codecogs.com",
    "quickchart.io",
    "chart.googleapis.com",
    "chart.apis.google.com",
    "placehold.co",
    "placeholder.com",
    "dummyimage.com",
    "picsum.photos",
    "fakeimg.pl",
    "api.qrserver.com",
    "mermaid.ink",
    "kroki.io",
    "plantuml.com",
    "ui-avatars.com",
    "gravatar.com",
    "dicebear.com",
    "robohash.org",
    "youtube.com",
    "youtu.be",
    "ytimg.com",
    "wikipedia.org",
    "wikimedia.org",
    "unsplash.com",
    "githubusercontent.com",
    "github.com",
    "google.com",
    "openstreetmap.org",
    "image.pollinations.ai",
    "math.now.sh",
    "packagephobia.com",
    "bundlephobia.com",
    "bundlejs.com",
    "codecov.io",
];

/// Hosts whose purpose is to record the requests they get, or to pass them on to a machine that has no name of its own.
const RECORDERS: &[&str] = &[
    "webhook.site",
    "requestbin.com",
    "requestbin.net",
    "pipedream.net",
    "requestcatcher.com",
    "beeceptor.com",
    "hookbin.com",
    "burpcollaborator.net",
    "oastify.com",
    "oast.fun",
    "oast.me",
    "oast.pro",
    "oast.live",
    "oast.site",
    "oast.online",
    "interact.sh",
    "interactsh.com",
    "canarytokens.com",
    "dnslog.cn",
    "ceye.io",
    "requestrepo.com",
    "ngrok.io",
    "ngrok.app",
    "ngrok-free.app",
    "ngrok-free.dev",
    "trycloudflare.com",
    "loca.lt",
    "localhost.run",
    "serveo.net",
    "webhookinbox.com",
    "postb.in",
    "mockbin.org",
    "xss.ht",
    "bxss.me",
];

/// Findings in one text beyond these are not reported.
const MAX_HITS: usize = 64;

/// Finds text that carries data away.
pub struct Exfiltration {
    allowed: Vec<String>,
    double_slash: Finder<'static>,
    script: Finder<'static>,
    data: Finder<'static>,
}

impl Exfiltration {
    /// Takes the hosts that may be sent anything, in lower case; each stands for the names below it, too. Hosts that render what
    /// stands in their URL are always among them.
    pub fn new(allowed: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let allowed = allowed.into_iter().map(Into::into).map(|host: String| host.to_ascii_lowercase());
        Self {
            allowed: allowed.chain(RENDERERS.iter().map(|&host| host.to_owned())).collect(),
            double_slash: Finder::new(b"//"),
            script: Finder::new(b"script:"),
            data: Finder::new(b"data:"),
        }
    }
}

impl Default for Exfiltration {
    fn default() -> Self {
        Self::new(std::iter::empty::<String>())
    }
}

impl Detector for Exfiltration {
    fn name(&self) -> &'static str {
        "exfiltration"
    }

    fn reads(&self, channel: Channel) -> bool {
        match channel {
            Channel::Output | Channel::Untrusted => true,
            Channel::User | Channel::System => false,
        }
    }

    fn scan(&self, input: &Input<'_>, hits: &mut Vec<Hit>) {
        let text = input.views.original;
        let mut scan = Scan { text, channel: input.channel, allowed: &self.allowed, shown: None, has_images: None };
        let most = hits.len() + MAX_HITS;
        let mut seen = 0usize;
        let mut behind = 0;
        for at in self.double_slash.find_iter(text.as_bytes()) {
            // Slashes inside a URL that was looked at already.
            if at < behind {
                continue;
            }
            seen += 1;
            if hits.len() >= most || (seen.is_multiple_of(64) && input.deadline.is_over()) {
                return;
            }
            let range = extent(text, at);
            behind = range.end;
            hits.extend(scan.url(range));
        }
        for at in self.script.find_iter(text.as_bytes()) {
            if hits.len() >= most {
                return;
            }
            hits.extend(scan.script(at));
        }
        for at in self.data.find_iter(text.as_bytes()) {
            if hits.len() >= most {
                return;
            }
            hits.extend(scan.document(at));
        }
    }
}

/// The URL around a double slash: its scheme before it, and what follows up to a character that ends URLs in text.
fn extent(text: &str, slashes: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let floor = slashes.saturating_sub(16);
    let mut start = slashes;
    if start > 0 && bytes[start - 1] == b':' {
        start -= 1;
        while start > floor
            && (bytes[start - 1].is_ascii_alphanumeric() || matches!(bytes[start - 1], b'+' | b'-' | b'.'))
        {
            start -= 1;
        }
    }
    let is_angled = start > 0 && bytes[start - 1] == b'<';
    let quote = start.checked_sub(1).map(|i| bytes[i]).filter(|b| matches!(b, b'"' | b'\''));
    let mut open = 0u32;
    let mut end = slashes + 2;
    for (i, &byte) in bytes[end..].iter().enumerate() {
        let ends = match byte {
            b'\n' | b'\r' | b'"' | b'`' | b'\\' => true,
            // Placeholders are written with spaces, and inside quotes and angles spaces do not end a URL.
            b' ' | b'\t' => quote.is_none() && !is_angled && !in_hole(&bytes[slashes..end + i]),
            b'>' => quote.is_none() && !in_hole(&bytes[slashes..end + i]),
            b'\'' => quote == Some(b'\''),
            b'(' => {
                open += 1;
                false
            }
            b')' => {
                open = open.wrapping_sub(1);
                open == u32::MAX
            }
            _ => false,
        };
        if ends || i > 8 * 1024 {
            end += i;
            return start..text.floor_char_boundary(end);
        }
    }
    end = bytes.len();
    start..end
}

/// Whether a bracket that may be a placeholder's is open: at most 80 bytes back.
fn in_hole(before: &[u8]) -> bool {
    let near = &before[before.len().saturating_sub(80)..];
    let open = near.iter().rposition(|b| matches!(b, b'{' | b'[' | b'<'));
    let close = near.iter().rposition(|b| matches!(b, b'}' | b']' | b'>'));
    open > close
}

/// At most so many bytes from a place on, cut at a border.
fn ahead(text: &str, at: usize, max: usize) -> &str {
    &text[at..text.floor_char_boundary(at + max)]
}

/// One scan of one text.
struct Scan<'a> {
    text: &'a str,
    channel: Channel,
    allowed: &'a [String],
    /// Made when first needed: most texts have nothing to look at.
    shown: Option<Shown>,
    /// Looked for when first needed.
    has_images: Option<bool>,
}

impl Scan<'_> {
    fn is_shown(&mut self, at: usize) -> bool {
        self.channel == Channel::Output && self.shown.get_or_insert_with(|| Shown::new(self.text)).has(self.text, at)
    }

    fn has_images(&mut self) -> bool {
        *self.has_images.get_or_insert_with(|| memchr::memmem::find(self.text.as_bytes(), b"![").is_some())
    }

    fn url(&mut self, range: Range<usize>) -> Option<Hit> {
        let url = Url::parse(&self.text[range.clone()])?;
        if !["", "http", "https"].iter().any(|scheme| url.scheme.eq_ignore_ascii_case(scheme)) {
            return None;
        }
        if !url.host.contains(['.', '{', ':', '[']) || url.host_is_in(self.allowed) {
            return None;
        }
        let payload = carried(&url);
        let tail = if payload.is_none() && waits_for_data(&url) { Tail::Waits } else { Tail::Full };
        let host = if url.host_is_in(RECORDERS) { Host::Recorder } else { Host::Other };
        if payload.is_none() && host == Host::Other && tail == Tail::Full {
            return None;
        }
        let (carrier, start) = carrier(self.text, range.start);
        let carrier = if carrier == Carrier::Referenced && !self.has_images() { Carrier::Linked } else { carrier };
        if url.scheme.is_empty() && carrier == Carrier::Bare {
            return None;
        }
        let judged = match self.channel {
            Channel::Untrusted => judge_template(carrier, payload, &url, tail),
            Channel::Output | Channel::User | Channel::System => judge(carrier, payload, &url),
        };
        let judged = match host {
            Host::Recorder => judged.or_else(|| judge_recorder(carrier, payload)),
            Host::Other => judged,
        };
        let (subtype, score, severity, reason) = judged?;
        if self.is_shown(start) {
            return None;
        }
        Some(self.hit(start..range.end, subtype, score, severity, reason))
    }

    /// `javascript:` and `vbscript:` behind a link or an attribute.
    fn script(&mut self, at: usize) -> Option<Hit> {
        let bytes = self.text.as_bytes();
        let start = at
            .checked_sub(4)
            .filter(|&i| bytes[i..at].eq_ignore_ascii_case(b"java"))
            .or_else(|| at.checked_sub(2).filter(|&i| bytes[i..at].eq_ignore_ascii_case(b"vb")))?;
        let (carrier, begin) = carrier(self.text, start);
        let code = ahead(self.text, at + "script:".len(), 256);
        let code = code.split(['"', '>', '\n']).next().unwrap_or(code).trim_start();
        // The usual ways to write a link that does nothing or goes back.
        let is_idle = code.is_empty()
            || [
                ";",
                ")",
                "void",
                "//",
                "history.",
                "window.history",
                "window.print",
                "print(",
                "self.close",
                "window.close",
            ]
            .iter()
            .any(|idle| code.starts_with(idle));
        if carrier == Carrier::Bare || is_idle || self.is_shown(begin) {
            return None;
        }
        let takes =
            ["cookie", "fetch", "location", "XMLHttp", "sendBeacon", "eval", "import(", "atob", "Storage", "src="];
        let is_taking = takes.iter().any(|word| code.contains(word));
        match (self.channel, is_taking) {
            (Channel::Output, true) | (Channel::Untrusted, true) => {
                let reason = "a link that runs a script which reads or sends the page's data";
                Some(self.hit(begin..at + "script:".len(), "script_url", 0.95, Severity::High, reason))
            }
            (Channel::Output, false) => Some(self.hit(
                begin..at + "script:".len(),
                "script_url",
                0.8,
                Severity::Medium,
                "a link that runs a script",
            )),
            (Channel::Untrusted | Channel::User | Channel::System, _) => None,
        }
    }

    /// `data:` URLs that are documents with scripts; pictures are not.
    fn document(&mut self, at: usize) -> Option<Hit> {
        let head = ahead(self.text, at, 64);
        let kind = head["data:".len()..].split([',', ';', ' ', '\n']).next().unwrap_or("").to_ascii_lowercase();
        let active =
            ["text/html", "application/xhtml+xml", "text/javascript", "application/javascript", "image/svg+xml"];
        if !active.contains(&kind.as_str()) {
            return None;
        }
        let (carrier, begin) = carrier(self.text, at);
        // A picture in SVG that is loaded as an image runs no script.
        if carrier == Carrier::Bare || (kind == "image/svg+xml" && carrier == Carrier::Loaded) || self.is_shown(begin) {
            return None;
        }
        let severity = if self.channel == Channel::Output { Severity::High } else { Severity::Low };
        Some(self.hit(
            begin..at + "data:".len() + kind.len(),
            "document_url",
            0.85,
            severity,
            "a link that holds a whole document",
        ))
    }

    fn hit(
        &self,
        range: Range<usize>,
        subtype: &'static str,
        score: f32,
        severity: Severity,
        reason: &'static str,
    ) -> Hit {
        Hit {
            kind: FindingKind::Exfiltration,
            subtype: Cow::Borrowed(subtype),
            rule: Cow::Owned(format!("exfiltration.{subtype}")),
            score: sure(score),
            severity,
            range,
            quote: None,
            reason: Cow::Borrowed(reason),
        }
    }
}
