//! Characters that are not what they look like: those that are not seen, and those that look like a Latin letter.

/// Whether nobody sees this character, and a tokenizer may.
pub(super) fn is_invisible(c: char) -> bool {
    match c {
        '\0'..='\u{7f}' => c.is_ascii_control() && !matches!(c, '\t'..='\r'),
        '\u{80}'..='\u{9f}' => c != '\u{85}',
        _ => is_format(c),
    }
}

/// The format characters, fillers, selectors and tags among them.
fn is_format(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether it is a space other than the usual ones, and which of these it stands for.
pub(super) fn plain_space(c: char) -> Option<char> {
    match c {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{2800}' => {
            Some(' ')
        }
        '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        _ => None,
    }
}

/// Whether it is a letter of the Latin script, marks and all.
pub(super) fn is_latin(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' => true,
        '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => c.is_alphabetic(),
        _ => false,
    }
}

/// The Latin letter that a styled letter is, wherever it stands: small capitals, letters in circles and squares.
pub(super) fn styled(c: char) -> Option<char> {
    const SMALL_CAPITALS: [(char, char); 29] = [
        ('ᴀ', 'a'),
        ('ʙ', 'b'),
        ('ᴄ', 'c'),
        ('ᴅ', 'd'),
        ('ᴇ', 'e'),
        ('ꜰ', 'f'),
        ('ɢ', 'g'),
        ('ʜ', 'h'),
        ('ɪ', 'i'),
        ('ᴊ', 'j'),
        ('ᴋ', 'k'),
        ('ʟ', 'l'),
        ('ᴍ', 'm'),
        ('ɴ', 'n'),
        ('ᴏ', 'o'),
        ('ᴘ', 'p'),
        ('ꞯ', 'q'),
        ('ʀ', 'r'),
        ('ꜱ', 's'),
        ('ᴛ', 't'),
        ('ᴜ', 'u'),
        ('ᴠ', 'v'),
        ('ᴡ', 'w'),
        ('ʏ', 'y'),
        ('ᴢ', 'z'),
        ('ᴌ', 'l'),
        ('ᴎ', 'n'),
        ('ᴙ', 'r'),
        ('ᴐ', 'c'),
    ];
    let nth = match c {
        // Negative circled, negative squared.
        '\u{1f150}'..='\u{1f169}' => u32::from(c) - 0x1f150,
        '\u{1f170}'..='\u{1f189}' => u32::from(c) - 0x1f170,
        '\u{262}'..='\u{29f}' | '\u{1d00}'..='\u{1d22}' | '\u{a730}' | '\u{a731}' | '\u{a7af}' => {
            return SMALL_CAPITALS.iter().find(|(glyph, _)| *glyph == c).map(|(_, latin)| *latin);
        }
        _ => return None,
    };
    char::from_u32(u32::from('a') + nth)
}

/// The Latin letter that a letter of another script, or a rare one of this, is taken for. Lower case.
pub(super) fn look_alike(c: char) -> Option<char> {
    Some(match c {
        // Cyrillic
        'а' | 'ӑ' | 'ӓ' => 'a',
        'в' | 'ь' | 'ъ' | 'ѣ' | 'б' => 'b',
        'с' | 'ҫ' => 'c',
        'ԁ' => 'd',
        'е' | 'ё' | 'ѐ' | 'ҽ' | 'ҿ' | 'є' | 'э' => 'e',
        'ғ' => 'f',
        'ԍ' => 'g',
        'һ' | 'н' | 'ћ' | 'ђ' => 'h',
        'і' | 'ї' | 'и' | 'й' => 'i',
        'ј' => 'j',
        'к' | 'қ' | 'ҝ' => 'k',
        'ӏ' | 'ⅼ' => 'l',
        'м' => 'm',
        'п' | 'ո' => 'n',
        'о' | 'ӧ' | 'ө' => 'o',
        'р' => 'p',
        'ԛ' => 'q',
        'г' | 'я' => 'r',
        'ѕ' => 's',
        'т' => 't',
        'ц' => 'u',
        'ѵ' => 'v',
        'ѡ' | 'ԝ' | 'ш' => 'w',
        'х' | 'ҳ' => 'x',
        'у' | 'ү' | 'ұ' | 'ў' => 'y',
        'з' => 'e',
        // Greek
        'α' | 'ά' => 'a',
        'β' => 'b',
        'ϲ' => 'c',
        'δ' => 'd',
        'ε' | 'έ' | 'ϵ' => 'e',
        'η' | 'ή' => 'n',
        'ι' | 'ί' | 'ϊ' => 'i',
        'ϳ' => 'j',
        'κ' => 'k',
        'ν' => 'v',
        'ο' | 'ό' | 'σ' => 'o',
        'ρ' => 'p',
        'τ' => 't',
        'υ' | 'ύ' | 'ϋ' => 'u',
        'χ' => 'x',
        'γ' => 'y',
        'ω' | 'ώ' => 'w',
        'ς' => 's',
        // Armenian
        'ց' => 'g',
        'հ' => 'h',
        'օ' => 'o',
        'զ' | 'գ' => 'q',
        'ս' => 'u',
        'ա' => 'w',
        'յ' => 'j',
        'ղ' => 'n',
        'ք' => 'p',
        // Latin that no keyboard has
        'ɑ' => 'a',
        'ɓ' | 'ƀ' => 'b',
        'ƈ' => 'c',
        'ɗ' | 'đ' => 'd',
        'ɡ' | 'ɠ' => 'g',
        'ɦ' | 'ħ' => 'h',
        'ɩ' | 'ɨ' => 'i',
        'ʝ' => 'j',
        'ƙ' => 'k',
        'ɭ' | 'ɫ' | 'ł' | 'ƚ' => 'l',
        'ɱ' => 'm',
        'ɳ' | 'ƞ' | 'ɲ' => 'n',
        'ɵ' | 'ø' => 'o',
        'ƥ' => 'p',
        'ɽ' => 'r',
        'ʂ' | 'ƨ' => 's',
        'ƭ' | 'ʈ' | 'ŧ' => 't',
        'ʋ' => 'v',
        'ʐ' | 'ƶ' => 'z',
        // Cherokee (NFKC and lower case leave them), Lisu, Coptic
        'ꭺ' | 'ꓮ' | 'ⲁ' => 'a',
        'ꭼ' | 'ꓰ' | 'ⲉ' => 'e',
        'ꓲ' | 'ⲓ' => 'i',
        'ꓳ' | 'ⲟ' => 'o',
        'ꓢ' => 's',
        'ꓣ' => 'r',
        'ꓠ' | 'ⲛ' => 'n',
        'ꓔ' | 'ⲧ' => 't',
        'ⲣ' | 'ꓑ' => 'p',
        'ⲥ' | 'ꓚ' => 'c',
        'ꓡ' => 'l',
        'ꓴ' => 'u',
        // Money
        '€' => 'e',
        '£' => 'l',
        '¢' => 'c',
        '¥' => 'y',
        '§' => 's',
        _ => return None,
    })
}

/// Whether it is a sign that is taken for a letter only among letters.
pub(super) fn is_money(c: char) -> bool {
    matches!(c, '€' | '£' | '¢' | '¥' | '§')
}
