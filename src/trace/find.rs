//! Which text of the stack a line belongs to.

use super::{Failure, Request, Trace, dockerfile, env_file, project, scripts, template};
use crate::source::Span;
use crate::stack::{ScriptOrigin, Stack};

/// Traces a line.
pub(super) fn trace(stack: &Stack, request: &Request<'_>) -> Result<Trace, Failure> {
    let names: Vec<String> = stack.projects.iter().flat_map(|p| &p.services).map(|s| s.name.value.clone()).collect();
    if let Some(name) = request.service.filter(|name| !names.iter().any(|n| n == name)) {
        let _ = name;
        return Err(Failure::NoService(names));
    }
    let Some(file) = stack.sources.find(request.path) else {
        let nowhere = Span::new(crate::source::FileId(0), 0, 0);
        return Ok(Trace::nothing(nowhere, "no Dockerfile, Compose file or script of the stack: nothing of it passes through layers"));
    };
    let source = stack.sources.get(file);
    if request.line == 0 || request.line > source.line_count() {
        return Err(Failure::NoLine(source.line_count()));
    }
    let line = source.line_range(request.line);
    let text = source.text.get(line.clone()).unwrap_or_default();
    let focus = match request.column {
        Some(column) => {
            let at = text.char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
            Span::new(file, line.start + at, line.start + at)
        }
        None => {
            let indent = text.len() - text.trim_start().len();
            Span::new(file, line.start + indent, line.start + text.trim_end().len().max(indent))
        }
    };
    let found = dockerfile::trace(stack, request, file, focus)
        .or_else(|| dockerfile::trace_inline(stack, request, file, focus))
        .or_else(|| project::trace(stack, request, file, focus))
        .or_else(|| env_file::trace(stack, request, file, focus))
        .or_else(|| scripts::trace(stack, request, file, focus))
        .or_else(|| template::trace(stack, request, file, focus));
    Ok(found.unwrap_or_else(|| Trace::nothing(focus, why_nothing(stack, file, text))))
}

/// Why there is nothing to trace.
fn why_nothing(stack: &Stack, file: crate::source::FileId, text: &str) -> &'static str {
    let script = stack.scripts.iter().any(|s| s.origin == ScriptOrigin::File(file));
    let env = stack.projects.iter().flat_map(|p| &p.services).flat_map(|s| &s.env_files).any(|f| f.file == Some(file));
    let known = script || env || stack.dockerfiles.iter().any(|u| u.file == file) || stack.yaml.contains_key(&file);
    match text.trim() {
        "" => "this line is empty",
        comment if comment.starts_with('#') && known => "this line is a comment: nobody expands anything in it",
        _ if known => "no variable and no command on this line: nothing is replaced in it",
        _ => "no container of the stack starts this script, and no envsubst reads it",
    }
}
