//! Values that would change a query they are put into.

use std::sync::LazyLock;

use llmtrace_model::Severity;
use regex::Regex;

use super::super::Wrong;

/// Whether a text in lower case is a statement rather than words to search for.
pub(super) fn is_sql(lower: &str) -> bool {
    let start = lower.trim_start_matches(|c: char| c.is_whitespace() || c == '(' || c == ';');
    let first = start.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
    let verbs = [
        "select", "insert", "update", "delete", "drop", "truncate", "alter", "create", "grant", "with", "merge",
        "replace", "exec", "begin", "explain", "set", "use", "pragma",
    ];
    verbs.contains(&first) || lower.contains(';') || lower.contains("--")
}

/// What ends a value and goes on as a query, or makes a condition that always holds.
static INJECTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        // ' OR '1'='1, ' or 1=1 --, " || 1=1
        r#"['"`)]\s*(?:or|and|\|\||&&)\s+(?:not\s+)?(?:['"`]?(\w{1,20})['"`]?\s*(?:=|like)\s*['"`]?\w{1,20}\b|\d+\s*[<>=])"#,
        // '; DROP TABLE x --
        r#"|['"`)]\s*;\s*(?:drop|delete|insert|update|alter|truncate|exec|shutdown|grant|create)\s+\w"#,
        // ' UNION SELECT
        r#"|['"`)\d]\s+union\s+(?:all\s+)?select\b"#,
        // admin'--
        r#"|\w['"]\s*(?:--|\#|/\*)\s*$"#,
        // functions that wait, read files or run programs
        r#"|\b(?:xp_cmdshell|pg_sleep\s*\(|waitfor\s+delay|benchmark\s*\(\s*\d|load_file\s*\(|into\s+(?:outfile|dumpfile)\b|"#,
        r#"lo_import\s*\(|utl_http\.|dbms_\w+\.|copy\s+\w+\s+(?:to|from)\s+program\b|sleep\s*\(\s*\d+\s*\)\s*(?:--|\#))"#,
    ))
    .expect("a constant expression, compiled by a test")
});

/// Operators of document databases where a value was expected.
static OPERATORS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"['"]?\$(?:where|ne|gt|regex|function|accumulator)['"]?\s*:"#)
        .expect("a constant expression, compiled by a test")
});

/// A value in lower case that would change the query it is put into.
pub(super) fn injection(lower: &str) -> Option<Wrong> {
    // Nothing of it is without one of these.
    if !lower.contains(['\'', '"', '`', ')', '(', '$', '_', ';'])
        && !lower.contains("union")
        && !lower.contains("waitfor")
        && !lower.contains("into ")
        && !lower.contains("program")
    {
        return None;
    }
    let first = lower.split_whitespace().next().unwrap_or("");
    let is_statement = ["select", "with", "insert", "update", "delete", "create", "explain"].contains(&first)
        // A condition compares before it quotes; a value that breaks out of one quotes first.
        || lower.split(['\'', '"']).next().is_some_and(|head| head.contains('='));
    let found = INJECTION.find_iter(lower).find(|found| {
        // In a whole statement a condition is a condition, and what ends a string ends it.
        !is_statement || is_telling(found.as_str())
    });
    if let Some(found) = found {
        let reason = "a value that would change the query it is put into";
        return Some(Wrong::misuse("sql_injection", Severity::High, 0.85, found.range(), reason));
    }
    let found = OPERATORS
        .find(lower)
        .filter(|found| found.as_str().contains("$where") || found.as_str().contains("$function"))?;
    Some(Wrong::misuse(
        "query_operator",
        Severity::Medium,
        0.6,
        found.range(),
        "an operator that runs code inside the database",
    ))
}

/// Whether something is no part of any ordinary statement: a comparison of a constant with itself, a program that is run.
fn is_telling(found: &str) -> bool {
    let sides = found.split_once('=').map(|(left, right)| {
        let right = right.trim_matches(|c: char| !c.is_alphanumeric());
        let left = left.trim_end_matches(|c: char| !c.is_alphanumeric());
        let left = left.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
        (left, right)
    });
    let is_always = sides.is_some_and(|(left, right)| !left.is_empty() && left == right);
    is_always
        || [
            "xp_cmdshell",
            "pg_sleep",
            "waitfor",
            "benchmark",
            "load_file",
            "outfile",
            "dumpfile",
            "lo_import",
            "utl_http",
            "program",
        ]
        .iter()
        .any(|word| found.contains(word))
}
