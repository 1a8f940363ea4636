//! `stacklint inspect`.

use serde::Serialize;

use super::{EXIT_USAGE, Failure};
use crate::files::{Disk, Files};
use crate::source::{SourceFile, Sources};
use crate::syntax::dockerfile::scope::{Expansion, Inputs, expansions};
use crate::syntax::dockerfile::{self, Dockerfile, Flag, Heredoc, Instruction, Keyword, Op, Stage};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Dockerfiles
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
}

pub(super) fn run(args: Args) -> Result<u8, Failure> {
    let disk = Disk::new(".");
    let mut status = 0;
    for path in &args.files {
        match disk.read(path) {
            Ok(bytes) => {
                let mut sources = Sources::new();
                let id = sources.add_bytes(path, bytes);
                super::print(&line(sources.get(id)));
            }
            Err(error) => {
                super::say(&format!("stacklint: {path}: {}", error));
                status = EXIT_USAGE;
            }
        }
    }
    Ok(status)
}

fn line(file: &SourceFile) -> String {
    let tree = dockerfile::parse(file);
    let report = Report::new(file, &tree);
    // Strings, numbers and lists always have a JSON form.
    let mut json = serde_json::to_string(&report).unwrap_or_default();
    json.push('\n');
    json
}

#[derive(Serialize)]
struct Report<'a> {
    path: &'a str,
    ok: bool,
    error: Option<ErrorView<'a>>,
    escape: char,
    instructions: Vec<InstructionView<'a>>,
    stages: Vec<StageView<'a>>,
}

#[derive(Serialize)]
struct ErrorView<'a> {
    line: usize,
    message: &'a str,
}

#[derive(Serialize)]
struct InstructionView<'a> {
    keyword: String,
    start_line: usize,
    end_line: usize,
    flags: Vec<String>,
    args: Vec<&'a str>,
    json: bool,
    expanded: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expand_error: Option<MessageView>,
    heredocs: Vec<HeredocView<'a>>,
}

#[derive(Serialize)]
struct MessageView {
    message: String,
}

#[derive(Serialize)]
struct HeredocView<'a> {
    name: &'a str,
    content: &'a str,
    expand: bool,
    chomp: bool,
}

#[derive(Serialize)]
struct StageView<'a> {
    index: usize,
    name: Option<&'a str>,
    base: &'a str,
    platform: &'a str,
    start_line: usize,
    end_line: usize,
}

impl<'a> Report<'a> {
    fn new(file: &'a SourceFile, tree: &'a Dockerfile) -> Self {
        let error = tree.errors.first().map(|e| ErrorView { line: file.line_of(e.span.start as usize), message: &e.message });
        let views = tree.instructions().zip(expansions(tree, &Inputs::default()));
        Report {
            path: &file.path,
            ok: error.is_none(),
            error,
            escape: tree.escape,
            instructions: views.map(|((_, i), expansion)| InstructionView::new(file, i, expansion)).collect(),
            stages: tree.stages.iter().enumerate().map(|(index, stage)| StageView::new(file, tree, index, stage)).collect(),
        }
    }
}

impl<'a> InstructionView<'a> {
    fn new(file: &'a SourceFile, i: &'a Instruction, expansion: Expansion) -> Self {
        InstructionView {
            keyword: match i.keyword {
                Keyword::Unknown => i.word.value.clone(),
                known => known.name().to_owned(),
            },
            start_line: file.line_of(i.span.start as usize),
            end_line: file.line_of(i.span.end as usize),
            flags: i.flags.iter().map(flag).collect(),
            args: i.args(),
            json: i.json,
            expanded: expansion.words,
            expand_error: expansion.error.map(|e| MessageView { message: e.message }),
            heredocs: i.heredocs.iter().map(|h| HeredocView::new(file, h)).collect(),
        }
    }
}

impl<'a> HeredocView<'a> {
    /// The body as it stands in the file: the builder's parse node holds it before any tab is taken out.
    fn new(file: &'a SourceFile, h: &'a Heredoc) -> Self {
        HeredocView { name: &h.name, content: file.slice(h.body), expand: h.expand, chomp: h.chomp }
    }
}

impl<'a> StageView<'a> {
    fn new(file: &SourceFile, tree: &'a Dockerfile, index: usize, stage: &'a Stage) -> Self {
        let from = tree.instruction(stage.from).and_then(|i| match &i.op {
            Op::From(from) => Some(from),
            _ => None,
        });
        StageView {
            index,
            name: stage.name.as_ref().map(|n| n.value.as_str()),
            base: from.map_or("", |f| &f.image.value),
            platform: from.and_then(|f| f.platform.as_ref()).map_or("", |p| &p.value),
            start_line: file.line_of(stage.span.start as usize),
            end_line: file.line_of(stage.span.end as usize),
        }
    }
}

fn flag(flag: &Flag) -> String {
    let name = &flag.name.value;
    flag.value.as_ref().map_or_else(|| format!("--{name}"), |value| format!("--{name}={}", value.value))
}
