//! Snapshots of trees, written short: a line an item.

use std::fmt::Write;

use stacklint::source::SourceFile;
use stacklint::syntax::dockerfile::{Dockerfile, Form, Instruction, ItemKind, Op, Pair};
use stacklint::text::Text;

use super::{fixtures, read};

fn short(file: &SourceFile, tree: &Dockerfile) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "escape {}", tree.escape);
    for item in &tree.items {
        let line = file.line_of(item.span.start as usize);
        match &item.kind {
            ItemKind::Blank => writeln!(out, "{line} blank").unwrap(),
            ItemKind::Comment(text) => writeln!(out, "{line} comment {:?}", text.value).unwrap(),
            ItemKind::Directive(n) => {
                let d = &tree.directives[*n];
                writeln!(out, "{line} directive {} = {:?}", d.name.value, d.value.value).unwrap();
            }
            ItemKind::Instruction(i) => instruction(&mut out, file, i, 0),
        }
    }
    for stage in &tree.stages {
        let lines = (file.line_of(stage.span.start as usize), file.line_of(stage.span.end as usize));
        let _ = writeln!(out, "stage {:?} lines {}-{}", stage.name.as_ref().map(|n| &n.value), lines.0, lines.1);
    }
    for error in &tree.errors {
        let at = file.line_column(error.span.start as usize);
        let _ = writeln!(out, "error {}:{} {:?} {}", at.line, at.column, error.kind, error.message);
        if let Some(help) = &error.help {
            let _ = writeln!(out, "  help {help}");
        }
    }
    out
}

fn instruction(out: &mut String, file: &SourceFile, i: &Instruction, depth: usize) {
    let pad = "  ".repeat(depth);
    let lines = (file.line_of(i.span.start as usize), file.line_of(i.span.end as usize));
    let lines = if lines.0 == lines.1 { lines.0.to_string() } else { format!("{}-{}", lines.0, lines.1) };
    let json = if i.json { " json" } else { "" };
    let _ = writeln!(out, "{pad}{lines} {:?} {:?}{json} {}", i.keyword, i.word.value, clip(&format!("{:?}", i.args())));
    for flag in &i.flags {
        let _ = writeln!(out, "{pad}  --{} {:?} from {:?}", flag.name.value, flag.value.as_ref().map(|v| &v.value), file.slice(flag.span));
    }
    for comment in &i.comments {
        let _ = writeln!(out, "{pad}  comment {:?}", comment.value);
    }
    if let Some(blank) = i.blank_line {
        let _ = writeln!(out, "{pad}  blank line {}", file.line_of(blank.start as usize));
    }
    for h in &i.heredocs {
        let _ = writeln!(
            out,
            "{pad}  heredoc {:?} {:?} fd {} expand {} chomp {} closed {} {:?}",
            file.slice(h.operator),
            h.name,
            h.fd,
            h.expand,
            h.chomp,
            h.terminated,
            h.content
        );
    }
    op(out, file, &i.op, depth);
}

fn clip(text: &str) -> String {
    text.chars().take(200).collect()
}

fn op(out: &mut String, file: &SourceFile, op: &Op, depth: usize) {
    let pad = "  ".repeat(depth + 1);
    let words = |texts: &[Text]| texts.iter().map(|t| format!("{:?}", t.value)).collect::<Vec<_>>().join(" ");
    let _ = match op {
        Op::None => writeln!(out, "{pad}nothing"),
        Op::From(from) => {
            let name = from.name.as_ref().map(|n| &n.value);
            let platform = from.platform.as_ref().map(|p| &p.value);
            writeln!(out, "{pad}image {:?} platform {platform:?} name {name:?}", from.image.value)
        }
        Op::Arg(pairs) | Op::Env(pairs) | Op::Label(pairs) => pairs.iter().try_for_each(|p| pair(out, &pad, p)),
        Op::Run(run) => {
            for mount in &run.mounts {
                let fields: Vec<_> = mount.fields.iter().map(|(k, v)| format!("{k}={}", v.value)).collect();
                let _ = writeln!(out, "{pad}mount {} {}", mount.kind, fields.join(" "));
            }
            form(out, file, &run.form, &pad, run.heredoc_script)
        }
        Op::Cmd(f) | Op::Entrypoint(f) | Op::Healthcheck(Some(f)) => form(out, file, f, &pad, false),
        Op::Healthcheck(None) => writeln!(out, "{pad}none"),
        Op::Copy(copy) | Op::Add(copy) => {
            let from = copy.from.as_ref().map(|f| &f.value);
            writeln!(out, "{pad}sources {} dest {:?} from {from:?}", words(&copy.sources), copy.dest.value)
        }
        Op::Expose(texts) | Op::Volume(texts) | Op::Shell(texts) => writeln!(out, "{pad}words {}", words(texts)),
        Op::Workdir(t) | Op::User(t) | Op::Stopsignal(t) | Op::Maintainer(t) => writeln!(out, "{pad}text {:?}", t.value),
        Op::Onbuild(inner) => {
            instruction(out, file, inner, depth + 1);
            Ok(())
        }
    };
}

fn pair(out: &mut String, pad: &str, pair: &Pair) -> std::fmt::Result {
    let legacy = if pair.legacy { " legacy" } else { "" };
    let value = pair.value.as_ref().map(|v| clip(&v.value));
    writeln!(out, "{pad}{:?} = {value:?}{legacy}", pair.key.value)
}

fn form(out: &mut String, file: &SourceFile, form: &Form, pad: &str, script: bool) -> std::fmt::Result {
    match form {
        Form::Exec(words) => {
            let words: Vec<_> = words.iter().map(|w| format!("{:?} from {:?}", w.value, file.slice(w.span))).collect();
            writeln!(out, "{pad}exec {}", words.join(", "))
        }
        Form::Shell(shell) => writeln!(out, "{pad}{} {:?}", if script { "script" } else { "shell" }, clip(&shell.text)),
    }
}

#[test]
fn fixtures_read_as_recorded() {
    for folder in ["dockerfiles", "broken/dockerfiles"] {
        for (path, bytes) in fixtures(folder) {
            let (file, tree) = read(&bytes);
            let name = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
            let name = format!("{}__{name}", folder.replace('/', "_"));
            insta::with_settings!({ snapshot_path => "../snapshots/dockerfile", prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(name, short(&file, &tree));
            });
        }
    }
}
