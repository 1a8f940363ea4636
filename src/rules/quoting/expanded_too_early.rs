use crate::diagnostic::Applicability;
use crate::quoting::{Foreign, GeneratedFile, Layer, assigned, expanded_too_early, foreign, generated_files, is_tag, layers};
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::generated::{escaped, from_base, is_never_empty, is_script, listed, lost};
use crate::rules::support::substitution::is_nginx_variable;
use crate::source::At;
use crate::stack::{DockerfileUnit, Lookup, ScriptOrigin, ScriptUnit, Stack};
use crate::syntax::dockerfile::Op;
use crate::syntax::shell::{self, Command, Dialect, PieceKind, Programs, Quote, Script, Word};

rule!(ExpandedTooEarly, "quoting/expanded-too-early");

impl Rule for ExpandedTooEarly {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        if !unit.script.expands() {
            return;
        }
        let stack = cx.stack;
        let shell_text = !matches!(unit.origin, ScriptOrigin::Instruction { exec: true, .. } | ScriptOrigin::Compose { .. });
        for early in expanded_too_early(&unit.script) {
            let name = &early.param.value;
            if has_value(unit, name, stack) {
                continue;
            }
            let top = unit.script.commands.iter().any(|c| c.nested.as_ref().is_some_and(|n| n.span.contains(early.param.span)));
            let dollar = cx.text(early.param.span).starts_with('$');
            let report = cx
                .report(
                    early.param.span,
                    format!("`${name}` is empty here: the shell outside fills it in before {} starts and sets it", early.by),
                )
                .label(early.set, "set only here")
                .help("put a backslash before the `$`, or the whole script in single quotes");
            if shell_text && top && dollar {
                report.fix("keep the `$` from the outer shell", Applicability::Unsafe, vec![replace(early.param.span.at_start(), "\\")]);
            }
        }
        if shell_text && !matches!(unit.origin, ScriptOrigin::File(_)) {
            arguments(unit, cx);
        }
        of_another_language(unit, shell_text, cx);
        if unit.script.commands.iter().any(|c| c.nested.is_some()) {
            layers(&unit.script).iter().for_each(|layer| changed(unit, layer, cx));
        }
        let ScriptOrigin::Instruction { dockerfile, item, .. } = unit.origin else { return };
        if let Some((dockerfile, instruction)) = stack.instruction(dockerfile, item)
            && matches!(instruction.op, Op::Run(_))
        {
            written(dockerfile, item, &unit.script, cx);
        }
    }
}

/// Whether a name has a value outside: from the Dockerfile, or in every shell.
fn has_value(unit: &ScriptUnit, name: &str, stack: &Stack) -> bool {
    let ScriptOrigin::Instruction { dockerfile, item, .. } = unit.origin else { return from_base(name) };
    let found = stack.instruction(dockerfile, item).and_then(|(d, _)| Some(d.lookup(d.ast.stage_of(item)?, item, name)));
    from_base(name) || found.is_some_and(|f| f != Lookup::Unset)
}

/// `xargs sh -c "… $1"`, `awk "{ print $1 }"`: the text of an instruction has no arguments, so that the outer shell puts nothing there.
fn arguments(unit: &ScriptUnit, cx: &mut Cx<'_>) {
    const AWKS: Programs = Programs::of(&["awk", "gawk", "mawk", "nawk"]);
    if !unit.script.may_run(AWKS) && unit.script.commands.iter().all(|c| c.nested.is_none()) {
        return;
    }
    let sets = |c: &&Command| c.name().as_deref() == Some("set") && c.args().iter().any(|w| w.lossy() == "--");
    if unit.script.commands.iter().any(|c| sets(&c)) {
        return;
    }
    for command in unit.script.commands.iter().filter(|c| !c.place.function) {
        let mut lost: Vec<(At<String>, String)> = Vec::new();
        if let Some(nested) = command.nested.as_ref().filter(|n| n.by != "eval") {
            let wanted = nested.expanded_outside.iter().filter(|p| is_argument(&p.value));
            lost.extend(wanted.map(|p| (p.clone(), nested.by.clone())));
        }
        let seen = command.effective();
        if let Some(name) = seen.name().filter(|n| matches!(n.as_ref(), "awk" | "gawk" | "mawk" | "nawk")) {
            let programs = seen.args().iter().filter(|w| w.lossy().contains('{'));
            let fields = programs.flat_map(Word::params).filter(|(p, _)| is_argument(&p.name));
            lost.extend(fields.map(|(p, piece)| (At::new(p.name.clone(), piece.span), name.to_string())));
        }
        for (param, by) in lost {
            let state = if is_never_empty(&param.value) { "already expanded" } else { "empty" };
            let message = format!("`${}` is {state} here: the shell outside fills it in before {by} starts", param.value);
            let dollar = cx.text(param.span).starts_with('$');
            let report = cx.report(param.span, message).help("put a backslash before the `$`, or the whole text in single quotes");
            if dollar {
                report.fix("keep the `$` from the outer shell", Applicability::Unsafe, vec![replace(param.span.at_start(), "\\")]);
            }
        }
    }
}

/// `perl -e "my $x = 1; …"`, `jq --arg v 1 ".a = $v"`, `psql -c "DO $$ … $$"`: names of the text's own language.
fn of_another_language(unit: &ScriptUnit, shell_text: bool, cx: &mut Cx<'_>) {
    let found = foreign(&unit.script);
    if found.is_empty() {
        return;
    }
    let own: Vec<String> = layers(&unit.script).iter().flat_map(|l| assigned(l.script)).map(|n| n.value).collect();
    for Foreign { params, by, level } in found {
        let Some(first) = params.first() else { continue };
        let name = &first.value;
        // a script may have been given arguments
        let given = matches!(unit.origin, ScriptOrigin::File(_)) && is_argument(name);
        if given || own.iter().any(|o| o == name) || !is_special(name) && has_value(unit, name, cx.stack) {
            continue;
        }
        let state = if is_never_empty(name) { "already expanded" } else { "empty" };
        let message = format!("`${name}` is {state} here: the shell fills it in, and it was meant for {by}");
        let fixed = shell_text && level == 0 && params.iter().all(|p| cx.text(p.span).starts_with('$'));
        let report = cx.report(first.span, message).help("put a backslash before the `$`, or the whole text in single quotes");
        if fixed {
            let twice = name == "$";
            let edit = |p: &At<String>| if twice { replace(p.span, "\\$\\$") } else { replace(p.span.at_start(), "\\") };
            report.fix("keep the `$` from the shell", Applicability::Unsafe, params.iter().map(edit).collect());
        }
    }
}

fn is_special(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || name == "_"
}

/// What the inner shell has another value for than the outer one: the status of its own commands, the user's home under `su`.
fn changed(unit: &ScriptUnit, layer: &Layer<'_>, cx: &mut Cx<'_>) {
    let Some(nested) = layer.command.nested.as_ref().filter(|n| n.by != "eval") else { return };
    let seen = layer.command.effective();
    let user = matches!(nested.by.as_str(), "su" | "runuser") || seen.through().iter().any(|w| matches!(w.as_ref(), "gosu" | "su-exec"));
    let mut own: Vec<String> = assigned(layer.script).into_iter().map(|n| n.value).collect();
    // told by name already
    own.extend(assigned(&nested.script).into_iter().map(|n| n.value));
    let login = seen.args().iter().any(|w| matches!(w.lossy().as_ref(), "-l" | "-lc" | "-i" | "-ic" | "-ilc" | "-lic" | "--login"));
    let sources = |c: &Command| login || matches!(c.name().as_deref(), Some("." | "source"));
    ran_outside(layer, user, cx);
    for param in &nested.expanded_outside {
        let mut before = nested.script.commands.iter().filter(|c| c.span.end <= param.span.start && !c.place.substitution);
        let what = match param.value.as_str() {
            "?" if before.any(|c| !c.words.is_empty()) => "the status of what ran outside",
            "!" if before.any(|c| nested.script.commands.iter().any(|n| n.place.background || n.span == c.span && c.place.background)) => {
                "not the process that was started here"
            }
            "HOME" | "USER" | "LOGNAME" if user && !own.contains(&param.value) => "that of the user outside",
            name if before.any(sources) && !own.iter().any(|o| o == name) && is_unset_in_build(unit, name, cx.stack) => "empty here",
            _ => continue,
        };
        let message = format!("`${}` is {what}: the shell outside fills it in before {} starts", param.value, nested.by);
        cx.report(param.span, message).help("put a backslash before the `$`, or the whole script in single quotes");
    }
}

/// A name of a RUN that nothing sets; not one that an image may well bring.
fn is_unset_in_build(unit: &ScriptUnit, name: &str, stack: &Stack) -> bool {
    let ScriptOrigin::Instruction { dockerfile, item, .. } = unit.origin else { return false };
    let run = stack.instruction(dockerfile, item).is_some_and(|(_, i)| matches!(i.op, Op::Run(_)));
    let word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    run && word && (matches!(name, "VERSION_CODENAME" | "VERSION_ID") || !has_value(unit, name, stack))
}

/// `su app -c "… $(whoami)"`, `bash -c "cd /srv && … $(pwd)"`: commands that the shell outside runs, where they were to run inside.
fn ran_outside(layer: &Layer<'_>, user: bool, cx: &mut Cx<'_>) {
    let Some(nested) = layer.command.nested.as_ref() else { return };
    let words = layer.command.words.iter().filter(|w| w.span.contains(nested.span) || nested.span.contains(w.span));
    for piece in words.flat_map(|w| &w.pieces).filter(|p| p.quote != Quote::Single) {
        let PieceKind::Command { text, .. } = &piece.kind else { continue };
        let text = text.trim();
        let moved = nested.script.commands.iter().any(|c| c.name().as_deref() == Some("cd") && c.span.end <= piece.span.start);
        let what = match text {
            "whoami" | "id" | "id -u" | "id -un" | "id -g" | "id -gn" if user => "as the user outside",
            "pwd" if moved => "before the `cd`",
            text if moved && text.starts_with("git ") && !text.contains(" -C ") => "before the `cd`",
            _ => continue,
        };
        let message = format!("`{text}` runs {what}: the shell outside fills it in before {} starts", nested.by);
        cx.report(piece.span, message).help("put a backslash before the `$`, or the whole script in single quotes");
    }
}

/// What a script or a program counts its arguments and fields with.
fn is_argument(name: &str) -> bool {
    matches!(name, "@" | "*" | "#") || !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit())
}

/// `RUN cat <<EOF > script`, `RUN echo "…" > script`, and what no build has a value for in other files.
fn written(unit: &DockerfileUnit, item: usize, script: &Script, cx: &mut Cx<'_>) {
    let stack = cx.stack;
    for file in generated_files(script) {
        let is_script = is_script(&file.path, &file.text);
        let wanted: Vec<At<String>> =
            file.expanded.iter().filter(|n| is_script || is_never_meant(&n.value, &file, script)).cloned().collect();
        baked(&file, is_script, script, cx);
        if wanted.is_empty() {
            continue;
        }
        let own: Vec<String> = assigned(script).into_iter().map(|n| n.value).collect();
        let inner: Vec<String> = match is_script {
            true => assigned(&shell::parse_text(&file.text, Dialect::Bash)).into_iter().map(|n| n.value).collect(),
            false => Vec::new(),
        };
        let lost = lost(unit, item, &wanted, &inner, &own, from_base);
        let Some(first) = lost.first() else { continue };
        let edits = escaped(&|span| stack.sources.slice(span).to_owned(), &lost);
        let one = lost.iter().all(|n| n.value == first.value);
        let message = format!(
            "{} {} {} in `{}`: the shell of the build fills {} in while it writes the {}",
            listed(&lost),
            if one { "is" } else { "are" },
            if lost.iter().any(|n| is_never_empty(&n.value)) { "already expanded" } else { "empty" },
            file.path,
            if one { "it" } else { "them" },
            if is_script { "script" } else { "file" },
        );
        let mut report = cx.report(first.span, message).help("quote the text (`<<'EOF'`, `'…'`), or put a backslash before the `$`");
        for other in lost.iter().skip(1).take(5) {
            report = report.label(other.span, "this too");
        }
        if let Some(edits) = edits {
            report.fix("keep the `$` from the shell of the build", Applicability::Unsafe, edits);
        }
    }
}

/// `echo "… $(date) …" > script`: commands that the build runs once, where the script was to run them each time.
fn baked(file: &GeneratedFile, is_script: bool, script: &Script, cx: &mut Cx<'_>) {
    let Some(command) = script.commands.iter().find(|c| c.span == file.command && is_script) else { return };
    let texts = command.redirects.iter().filter_map(|r| r.heredoc.as_ref()).map(|h| &h.pieces);
    for pieces in command.args().iter().map(|w| &w.pieces).chain(texts) {
        let mut before = "";
        for piece in pieces.iter().filter(|p| p.quote != Quote::Single) {
            match &piece.kind {
                PieceKind::Command { text, .. } if is_of_run_time(text, before) => {
                    let message = format!("`{}` runs once, in the build: what it prints stands in `{}` for good", text.trim(), file.path);
                    cx.report(piece.span, message).help("quote the text (`<<'EOF'`, `'…'`), or put a backslash before the `$`");
                    return;
                }
                PieceKind::Literal(text) => before = text,
                _ => before = "",
            }
        }
    }
}

/// Whether a command's answer is another one each time a script runs, and no note of the build.
fn is_of_run_time(command: &str, before: &str) -> bool {
    let mut words = command.split_whitespace();
    let first = words.next().unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default().to_lowercase();
    let noted = ["buil", "version", "creat", "generat", "release", "stamp"].iter().any(|w| line.contains(w));
    let assigned = line.trim_end_matches('"').ends_with('=');
    match first {
        "date" => !noted && !assigned,
        "hostname" | "nproc" => !noted,
        "dirname" | "basename" | "readlink" | "realpath" => command.contains("$0"),
        "cat" => command.contains("/run/secrets/"),
        _ => false,
    }
}

/// Arguments, which a RUN does not have, and nginx's own variables in its configuration.
fn is_never_meant(name: &str, file: &GeneratedFile, script: &Script) -> bool {
    let nginx = || {
        let text = file.text.value.as_str();
        file.path.contains("nginx")
            || file.path.ends_with(".conf") && ["location ", "server {", "proxy_pass "].iter().any(|w| text.contains(w))
    };
    if file.path.ends_with(".sql") && is_tag(name, file.text.value.as_str()) {
        return true;
    }
    if !is_argument(name) || matches!(name, "0" | "#") {
        return is_nginx_variable(name) && !name.ends_with("_proxy") && nginx();
    }
    let writes = script.commands.iter().find(|c| c.span == file.command);
    let given = script.commands.iter().any(|c| c.name().as_deref() == Some("set") && c.args().iter().any(|w| !w.lossy().starts_with('-')));
    writes.is_some_and(|c| !c.place.function) && !given
}
