//! Prints what it costs to bring texts of some kinds into the forms that detectors read, in microseconds a kilobyte.
//!
//! `cargo run --release -p llmtrace-detect --example views_bench`

use std::{hint::black_box, time::Instant};

use llmtrace_detect::views;

const PROSE: &str = "The council met on Tuesday to discuss the new library. Several members asked how the building would be paid for, and \
                     whether the old one could be kept open until spring; nobody had an answer (the budget is due in March). \"We will \
                     write to everyone,\" said the chair, Dr. Okafor, before the meeting closed at 9:45 p.m. with 12 votes to 3.\n";
const CODE: &str = "fn main() {\n    let items: Vec<u32> = (0..10).map(|n| n * 2 + 1).collect();\n    for (i, item) in items.iter().enumerate() \
                    {\n        println!(\"{i}: {item:>4} \\t {}\", item.pow(2)); // see https://example.org/a/b-c_d?x=1&y=%20z\n    }\n}\n";
const RUSSIAN: &str = "Совет собрался во вторник, чтобы обсудить новую библиотеку. Несколько членов спросили, как будет оплачено здание.\n";
const FRENCH: &str =
    "Le conseil s’est réuni mardi pour débattre de la nouvelle bibliothèque ; plusieurs membres ont demandé le coût.\n";
const CHINESE: &str = "市议会星期二开会讨论新图书馆。几位成员询问这座建筑的费用如何支付。\n";
const BASE64: &str =
    "Please read this note: VGhlIGNvdW5jaWwgbWV0IG9uIFR1ZXNkYXkgdG8gZGlzY3VzcyB0aGUgbmV3IGxpYnJhcnku and answer it.\n";

fn main() {
    let zalgo = "i\u{334}\u{301}\u{301}g\u{337}n\u{335}ore ".repeat(40);
    let texts = [
        ("prose", PROSE.repeat(40)),
        ("short prose", PROSE[..180].to_owned()),
        ("code", CODE.repeat(40)),
        ("french", FRENCH.repeat(100)),
        ("russian", RUSSIAN.repeat(60)),
        ("chinese", CHINESE.repeat(100)),
        ("base64 in prose", BASE64.repeat(30)),
        ("floods of marks", zalgo),
        ("1 M marks", "\u{301}".repeat(1_000_000)),
        ("10 MB prose", PROSE.repeat(30_000)),
        ("1 MB of single letters", "a b ".repeat(260_000)),
        ("1 MB of dots", ".".repeat(1 << 20)),
        ("1 MB of base64", "QUJD".repeat(1 << 18)),
        ("1 MB of tags", "<a ".repeat(350_000)),
        ("1 MB of long words", "characteristically ".repeat(54_000)),
        ("1 MB of one word", "abcdefghijklmnopqrst".repeat(52_000)),
        ("1 MB of paths", "/usr-lib_abc=def+ghi/AbCd".repeat(41_000)),
        ("1 MB of stretches", "AbCd/efGh1jKlMn0pQr ".repeat(52_000)),
        ("1 MB of mixed words", "1gn0r3 4ll x1y2z3 ".repeat(57_000)),
        ("1 MB of numbers", "105 103 110 999 ".repeat(65_000)),
        ("1 MB of Morse code", ".. --. -. --- ".repeat(74_000)),
        ("1 MB of rot13", "vtaber nyy cerivbhf ".repeat(52_000)),
        ("1 MB of atbash and plain", "rtmliv the zoo ".repeat(69_000)),
        ("1 MB of backward words", "prompt system your ".repeat(55_000)),
        ("1 MB of comments", "<!--a--><p hidden>b".repeat(55_000)),
        ("1 MB of zero width", "a\u{200b}b\u{e0041}c\u{202e}".repeat(80_000)),
        ("1 MB of mixed scripts", "аbсdе fооbаr ".repeat(50_000)),
        ("1 MB of escapes", "\\x41%42&#67;".repeat(90_000)),
    ];
    for (name, text) in texts {
        let looked_at = text.len().min(llmtrace_detect::LONGEST_TEXT);
        let rounds = (4_000_000 / looked_at).max(1);
        black_box(views(&text));
        let start = Instant::now();
        for _ in 0..rounds {
            black_box(views(black_box(&text)));
        }
        let micros = start.elapsed().as_secs_f64() * 1e6 / f64::from(u32::try_from(rounds).unwrap_or(u32::MAX));
        let kilobytes = f64::from(u32::try_from(looked_at).unwrap_or(u32::MAX)) / 1024.0;
        let found = views(&text).decoded.len();
        println!("{name:24} {:8.2} µs/KB   {:10.1} µs   {found} decoded", micros / kilobytes, micros);
    }
}
