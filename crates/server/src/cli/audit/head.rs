//! The end of a chain as somebody kept it: `[TENANT:]SEQ:HASH`.

use std::str::FromStr;

use llmtrace_model::AuditHead;

use super::Chain;

/// What is said of a text that is none.
const EXPECTED: &str =
    "expected SEQ:HASH, TENANT:SEQ:HASH, or :SEQ:HASH for the installation; SEQ from 1, HASH of 64 hex digits";

/// The end of a chain at some time, kept apart from the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// Of which chain; `None` where it does not say.
    pub(super) chain: Option<Chain>,
    pub(super) head: AuditHead,
}

impl FromStr for Kept {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rest, hash) = text.rsplit_once(':').ok_or(EXPECTED)?;
        let (chain, seq) = match rest.rsplit_once(':') {
            None => (None, rest),
            Some(("", seq)) => (Some(None), seq),
            Some((tenant, seq)) => (Some(Some(tenant.parse().map_err(|_| EXPECTED)?)), seq),
        };
        let is_number = seq.bytes().all(|byte| byte.is_ascii_digit());
        let seq = seq.parse().ok().filter(|seq| is_number && *seq > 0).ok_or(EXPECTED)?;
        Ok(Self { chain, head: AuditHead { seq, hash: hash.parse().map_err(|_| EXPECTED)? } })
    }
}

/// A head as it is kept, and read again.
pub(super) fn written(chain: &Chain, head: AuditHead) -> String {
    let tenant = chain.as_ref().map_or("", llmtrace_model::TenantId::as_str);
    format!("{tenant}:{}:{}", head.seq, head.hash)
}

#[cfg(test)]
mod tests {
    use llmtrace_model::AuditHash;

    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_written() {
        let head = AuditHead { seq: 12, hash: AuditHash([0xab; 32]) };
        for chain in [None, Some("a.b-c".parse().unwrap())] {
            assert_eq!(written(&chain, head).parse(), Ok(Kept { chain: Some(chain), head }));
        }
        let bare = format!("12:{}", "AB".repeat(32));
        assert_eq!(bare.parse(), Ok(Kept { chain: None, head }));
    }

    #[test]
    fn what_is_no_head_is_refused() {
        let hash = "ab".repeat(32);
        for bad in [
            String::new(),
            hash.clone(),
            format!("0:{hash}"),
            format!("+1:{hash}"),
            format!("x:{hash}"),
            format!(":{hash}"),
            format!("a b:1:{hash}"),
            format!("a:b:1:{hash}"),
            format!("1:{hash}:"),
            format!("1:{}", &hash[1..]),
            "a:1:".to_owned(),
        ] {
            assert_eq!(bad.parse::<Kept>(), Err(EXPECTED), "{bad}");
        }
    }
}
