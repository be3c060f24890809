//! Just enough of Rust's grammar: what is code, where functions end, which paths are named.

/// The text with comments, strings and characters blanked; lines stay where they are.
pub fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = opaque_end(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// The end of the comment, string or character that begins here; the place itself if none does.
fn opaque_end(chars: &[char], at: usize) -> usize {
    let is = |offset: usize, c: char| chars.get(at + offset) == Some(&c);
    let in_word = at > 0 && is_word(chars[at - 1]);
    match chars[at] {
        '/' if is(1, '/') => find(chars, at, |rest| rest[0] == '\n'),
        '/' if is(1, '*') => block_end(chars, at),
        '"' => quoted_end(chars, at, '"'),
        'r' | 'b' | 'c' if !in_word => {
            let start = at + 1 + usize::from(is(1, 'r'));
            let hashes = chars[start.min(chars.len())..].iter().take_while(|c| **c == '#').count();
            let raw = chars[at..start].contains(&'r');
            if raw && chars.get(start + hashes) == Some(&'"') {
                let close: String = std::iter::once('"').chain(vec!['#'; hashes]).collect();
                let close: Vec<char> = close.chars().collect();
                let body = start + hashes + 1;
                find(chars, body, |rest| rest.starts_with(&close)) + close.len()
            } else {
                at
            }
        }
        '\'' if is(1, '\\') => quoted_end(chars, at, '\''),
        '\'' if is(2, '\'') => at + 3,
        _ => at,
    }
}

fn block_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0, at);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            break;
        }
    }
    i
}

fn quoted_end(chars: &[char], at: usize, quote: char) -> usize {
    let mut i = at + 1;
    while i < chars.len() && chars[i] != quote {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(chars.len())
}

fn find(chars: &[char], from: usize, is_end: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len()).find(|i| is_end(&chars[*i..])).unwrap_or(chars.len())
}

pub fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Every function with a body: its name and its number of lines.
pub fn functions(code: &str) -> Vec<(String, usize)> {
    words(code)
        .filter(|(_, word)| *word == "fn")
        .filter_map(|(at, _)| {
            let rest = &code[at..];
            let name: String = rest[2..].trim_start().chars().take_while(|c| is_word(*c)).collect();
            let length = body_end(rest)?;
            (!name.is_empty()).then(|| (name, rest[..length].matches('\n').count() + 1))
        })
        .collect()
}

/// Where the body ends that follows a signature; `None` if there is no body.
fn body_end(text: &str) -> Option<usize> {
    let (mut nested, mut braces) = (0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => nested += 1,
            ')' | ']' => nested -= 1,
            ';' if nested == 0 && braces == 0 => return None,
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Every word with its place.
pub fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    code.split(|c| !is_word(c)).filter_map(move |word| {
        let start = code[at..].find(word).unwrap_or_default() + at;
        at = start + word.len();
        (!word.is_empty()).then_some((start, word))
    })
}

/// The modules of this crate that are named by paths from `crate::`.
pub fn ours(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if at > 0 && code[..at].ends_with(|c| is_word(c) || c == ':' || c == '$') {
            continue;
        }
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group_heads(group)),
            None => found.push(rest.chars().take_while(|c| is_word(*c)).collect()),
        }
    }
    found
}

/// The first word of each member of a `use` group.
fn group_heads(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut members = vec![String::new()];
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(String::new()),
            c if depth == 0 => members.last_mut().unwrap().push(c),
            _ => {}
        }
    }
    let heads = members.iter().map(|m| m.trim().chars().take_while(|c| is_word(*c)).collect());
    heads.filter(|head: &String| !head.is_empty()).collect()
}

/// Whether a path begins with a crate of this name, or with one of its companions, as
/// `tonic_health` is of `tonic`.
pub fn names_crate(code: &str, krate: &str) -> bool {
    words(code).any(|(at, word)| {
        let (before, after) = (code[..at].trim_end(), &code[at + word.len()..]);
        let companion =
            word.strip_prefix(krate).is_some_and(|r| r.is_empty() || r.starts_with('_'));
        companion && (after.starts_with("::") || before.ends_with("use")) && !before.ends_with("::")
    })
}

#[test]
fn the_scanner_sees_what_is_code() {
    let text = "/* a /* b */ c */ fn f<'a>(x: &'a [u8; 2]) -> char {\n// }\n\"}\\\"}\"; r#\"}\"#; \
                '}'; b'{'; '\\''; '{'\n}\nfn g();\nuse crate::{a::{b, c}, d}; crate::e::f; \
                tonic_x::y; a::tonic::b";
    let code = code(text);
    assert_eq!(functions(&code), [("f".to_owned(), 4)]);
    assert_eq!(ours(&code), ["a", "d", "e"]);
    assert!(names_crate(&code, "tonic"));
    assert!(!names_crate("self::tonic::b; // x", "tonic") && !names_crate("tonics::b", "tonic"));
}
