//! Programs of sed, as far as it matters here: what their `s` commands put in.

use std::ops::Range;

/// The stretches of a program that `s` puts in place of what it finds, in order.
pub fn sed_replacements(program: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(command) = command(program, at) {
        let rest = program.get(command..).unwrap_or_default();
        let mut chars = rest.chars();
        match (chars.next(), chars.next()) {
            (Some(kind @ ('s' | 'y')), Some(delimiter)) if delimiter != '\\' && delimiter != '\n' => {
                let from = command + 1 + delimiter.len_utf8();
                let Some(middle) = part_end(program, from, delimiter, true) else { break };
                let start = middle + delimiter.len_utf8();
                let Some(end) = part_end(program, start, delimiter, false) else { break };
                if kind == 's' {
                    found.push(start..end);
                }
                at = next_command(program, end + delimiter.len_utf8());
            }
            (Some('{' | '}'), _) => at = command + 1,
            // text up to the end of the line
            (Some('a' | 'i' | 'c' | 'r' | 'w' | 'b' | 't' | ':'), _) => at = line_end(program, command),
            (Some(_), _) => at = next_command(program, command),
            (None, _) => break,
        }
    }
    found
}

/// Where the next command's letter stands, behind blanks and its addresses.
fn command(program: &str, mut at: usize) -> Option<usize> {
    loop {
        let rest = program.get(at..)?;
        let c = rest.chars().next()?;
        at += match c {
            ' ' | '\t' | '\n' | ';' | ',' | '!' | '$' | '~' | '+' | '0'..='9' => 1,
            '/' => part_end(program, at + 1, '/', true)? + 1 - at,
            '\\' => {
                let delimiter = rest.chars().nth(1)?;
                let from = at + 1 + delimiter.len_utf8();
                part_end(program, from, delimiter, true)? + delimiter.len_utf8() - at
            }
            _ => return Some(at),
        };
    }
}

/// Where a part ends: at its delimiter, unless a backslash or the brackets of a class hold that.
fn part_end(program: &str, from: usize, delimiter: char, pattern: bool) -> Option<usize> {
    let (mut escaped, mut class) = (false, None);
    for (n, c) in program.get(from..)?.char_indices() {
        match (c, class) {
            _ if std::mem::take(&mut escaped) => {}
            ('\\', None) => escaped = true,
            ('[', None) if pattern && delimiter != '[' => class = Some(n),
            // a bracket that comes first is one of the class
            (']', Some(open)) if n > open + 1 => class = None,
            (c, None) if c == delimiter => return Some(from + n),
            _ => {}
        }
    }
    None
}

fn next_command(program: &str, from: usize) -> usize {
    program.get(from..).and_then(|rest| rest.find([';', '\n', '}'])).map_or(program.len(), |n| from + n)
}

fn line_end(program: &str, from: usize) -> usize {
    program.get(from..).and_then(|rest| rest.find('\n')).map_or(program.len(), |n| from + n)
}

#[cfg(test)]
mod tests {
    use super::sed_replacements;

    #[test]
    fn what_a_program_puts_in() {
        for (program, replacements) in [
            ("s/a/b/", vec!["b"]),
            ("s|/x|$Y|g", vec!["$Y"]),
            ("s/a/b/;s/c/d/g", vec!["b", "d"]),
            ("/^#/d; 2,$s,a,$B,", vec!["$B"]),
            ("s/[/]/$X/", vec!["$X"]),
            ("s/a\\/b/c\\/d/", vec!["c\\/d"]),
            ("\\,x,s/a/b/", vec!["b"]),
            ("/x/{s/a/b/;s/c/d/}", vec!["b", "d"]),
            ("$d", vec![]),
            ("y/ab/cd/", vec![]),
            ("a s/x/y/", vec![]),
            ("a text\ns/x/y/", vec!["y"]),
            ("s/a/b", vec![]),
            ("", vec![]),
        ] {
            let found: Vec<&str> = sed_replacements(program).into_iter().filter_map(|r| program.get(r)).collect();
            assert_eq!(found, replacements, "{program}");
        }
    }
}
