//! Finds tools whose names are made to be taken for others.
//!
//! Names are compared as they look: without regard to case, signs between words, letters of other alphabets and digits that
//! look like Latin letters. One name from two servers, a name that looks like another, and a name that is a letter away from
//! that of a trusted server are findings. A name that means the same in other words is not.

use std::collections::HashMap;

use llmtrace_model::{Action, Finding, FindingKind, Severity};

use super::tool_set::{Tool, shortened};
use crate::detectors::sure;

#[cfg(test)]
mod tests;

/// Tools beyond these are not compared: the time grows with the square of the number.
const MAX_TOOLS: usize = 512;

/// Whether what a server offers was approved by the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Its names are the ones that others may not look like.
    Trusted,
    /// Anybody's.
    Foreign,
}

/// Compares the names of tools; `trust` says which servers are approved.
pub fn imitations(tools: &[Tool<'_>], trust: impl Fn(&str) -> Trust) -> Vec<Finding> {
    let tools = &tools[..tools.len().min(MAX_TOOLS)];
    let looks: Vec<String> = tools.iter().map(|tool| look(tool.name)).collect();
    let mut findings = Vec::new();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (i, tool) in tools.iter().enumerate() {
        if let Some(&first) = seen.get(looks[i].as_str()) {
            findings.extend(same_look(&tools[first], tool));
        } else {
            seen.insert(&looks[i], i);
        }
        if has_foreign_letters(tool.name) {
            findings.push(finding("mixed_letters", Severity::High, 0.85, tool, "mixes letters of several alphabets"));
        }
    }
    for (i, tool) in tools.iter().enumerate().filter(|(_, tool)| trust(tool.server) == Trust::Foreign) {
        let near = tools.iter().enumerate().find(|&(j, other)| {
            i != j
                && other.server != tool.server
                && trust(other.server) == Trust::Trusted
                && is_a_letter_away(&looks[i], &looks[j])
        });
        if let Some((_, other)) = near {
            let reason = format!("is a letter away from the trusted \"{}\"", shortened(other.name));
            findings.push(finding("near_name", Severity::Medium, 0.7, tool, &reason));
        }
    }
    findings
}

fn same_look(first: &Tool<'_>, second: &Tool<'_>) -> Option<Finding> {
    if first.name == second.name {
        // One server that offers a name twice is careless, two that do are rivals.
        let reason = "is offered by two servers";
        return (first.server != second.server).then(|| finding("shadowed_name", Severity::High, 0.8, second, reason));
    }
    let reason = format!("looks like \"{}\"", shortened(first.name));
    Some(finding("look_alike", Severity::High, 0.85, second, &reason))
}

fn finding(subtype: &str, severity: Severity, score: f32, tool: &Tool<'_>, reason: &str) -> Finding {
    Finding {
        kind: FindingKind::ToolPoisoning,
        subtype: subtype.to_owned(),
        severity,
        confidence: sure(score),
        rule: format!("tool_poisoning.{subtype}"),
        reason: format!("tool \"{}\" {reason}", shortened(tool.name)),
        place: None,
        action: Action::Observe,
    }
}

/// A name as it looks.
fn look(name: &str) -> String {
    name.chars()
        .take(256)
        .flat_map(char::to_lowercase)
        .filter(|c| c.is_alphanumeric())
        .map(|c| match latin(c).unwrap_or(c) {
            '0' => 'o',
            '1' | 'i' => 'l',
            '5' => 's',
            '3' => 'e',
            other => other,
        })
        .collect::<String>()
        .replace("rn", "m")
        .replace("vv", "w")
}

/// The Latin letter that a letter of another alphabet looks like.
fn latin(c: char) -> Option<char> {
    Some(match c {
        'а' | 'α' | 'ɑ' => 'a',
        'в' | 'ь' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' | 'ɗ' => 'd',
        'е' | 'ё' | 'ε' => 'e',
        'ɡ' | 'ց' => 'g',
        'һ' | 'н' => 'h',
        'і' | 'ι' | 'ı' | 'ӏ' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'п' | 'η' | 'ո' => 'n',
        'о' | 'ο' | 'σ' | 'օ' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        'ᴢ' => 'z',
        other if ('ａ'..='ｚ').contains(&other) => char::from_u32(u32::from(other) - 0xff41 + 0x61)?,
        _ => return None,
    })
}

/// Letters of another alphabet that look Latin, next to Latin ones: a name in Cyrillic is a name, one letter of it is a disguise.
fn has_foreign_letters(name: &str) -> bool {
    let has_latin = name.chars().any(|c| c.is_ascii_alphabetic());
    has_latin && name.chars().flat_map(char::to_lowercase).any(|c| latin(c).is_some())
}

/// Whether two names of at least five letters differ by one letter that was put in, left out or changed, or two that were swapped.
fn is_a_letter_away(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a == b || a.len().min(b.len()) < 5 || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let same_end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (short, long) = (a.len().min(b.len()), a.len().max(b.len()));
    // A version or a number at the end is another tool, not a disguise: `search2`, `file_a` and `file_b`.
    if same + 1 >= long && !a.last().is_some_and(|c| c.is_alphabetic()) | !b.last().is_some_and(|c| c.is_alphabetic()) {
        return false;
    }
    let is_swap = a.len() == b.len() && same + same_end + 2 == long && a[same] == b[same + 1] && a[same + 1] == b[same];
    is_swap || same + same_end + 1 >= long && same + same_end + 1 >= short
}
