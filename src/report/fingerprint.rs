//! What a finding is known by while the file around it changes: its rule, its path, the text of its line, and which of
//! several such it is. Line numbers are no part of it.

use std::borrow::Cow;
use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::mask;
use crate::diagnostic::Diagnostic;
use crate::source::{Sources, Span};

/// Longer lines are known by their start and their length.
const LINE_BYTES: usize = 4096;

/// The fingerprints of all findings of a run, in their order. Findings of equal rule and line count by place, so filter
/// after this, not before.
pub fn all(sources: &Sources, diagnostics: &[Diagnostic]) -> Vec<String> {
    let mut by_place: Vec<(usize, &Diagnostic)> = diagnostics.iter().enumerate().collect();
    by_place.sort_by(|(_, a), (_, b)| super::order(sources, a, b));
    let mut seen: HashMap<[u8; 32], u32> = HashMap::new();
    let mut out = vec![String::new(); diagnostics.len()];
    for (i, d) in by_place {
        let base = base(sources, d);
        let nth = seen.entry(base).and_modify(|n| *n += 1).or_insert(0);
        let digest = Sha256::new().chain_update(base).chain_update(nth.to_le_bytes()).finalize();
        if let Some(slot) = out.get_mut(i) {
            *slot = hex(digest.iter().take(16));
        }
    }
    out
}

fn hex<'b>(bytes: impl Iterator<Item = &'b u8>) -> String {
    let mut out = String::with_capacity(32);
    out.extend(bytes.flat_map(|b| [b >> 4, b & 15]).filter_map(|half| char::from_digit(half.into(), 16)));
    out
}

fn base(sources: &Sources, d: &Diagnostic) -> [u8; 32] {
    let path = sources.path(d.primary.file);
    let mut hash = Sha256::new();
    for part in [d.rule, path, &line_text(sources, d)] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The trimmed line of a finding; its own secrets are no part of the fingerprint, so that nobody can guess them from it.
fn line_text<'s>(sources: &'s Sources, d: &Diagnostic) -> Cow<'s, str> {
    let file = sources.get(d.primary.file);
    let line = file.line_range(file.line_of(d.primary.start as usize));
    let mut end = line.end.min(line.start + LINE_BYTES);
    while !file.text.is_char_boundary(end) {
        end -= 1;
    }
    let whole = |text: &str| format!("{text}…{}", line.len());
    if d.masks.is_empty() {
        let text = file.text.get(line.start..end).unwrap_or_default().trim();
        return if end == line.end { text.into() } else { whole(text).into() };
    }
    let mut start = line.start;
    let mut out = String::new();
    let mut masks: Vec<Span> = d.masks.iter().copied().filter(|m| m.file == d.primary.file).collect();
    masks.sort();
    for m in masks {
        let (from, to) = ((m.start as usize).clamp(start, end.max(start)), (m.end as usize).min(end));
        if from < to {
            out.push_str(file.text.get(start..from).unwrap_or_default());
            out.push(mask::DOT);
            start = to;
        }
    }
    out.push_str(file.text.get(start..end).unwrap_or_default());
    let text = out.trim();
    if end == line.end { text.to_owned().into() } else { whole(text).into() }
}
