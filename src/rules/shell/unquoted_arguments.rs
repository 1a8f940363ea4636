use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::shell_scripts::{readings_expanding, split_words};
use crate::stack::{ScriptOrigin, ScriptUnit};
use crate::syntax::shell::{Param, Quote, Script};

rule!(UnquotedArguments, "shell/unquoted-arguments");

impl Rule for UnquotedArguments {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        let in_file = matches!(unit.origin, ScriptOrigin::File(_));
        for reading in readings_expanding(unit, cx.stack) {
            let commands = reading.script.commands.iter().flat_map(|c| split_words(c, reading.script.dialect));
            for word in commands.chain(reading.script.groups.iter().flat_map(|g| &g.words)) {
                for (param, piece) in word.params().filter(|(_, p)| p.quote == Quote::None) {
                    let Some(id) = list(param) else { continue };
                    // an array whose elements are joined and cut again: in a script of its own somebody meant that
                    let array = in_file && param.modifier.starts_with('[');
                    if array && (param.modifier.starts_with("[*]") || is_split_before(reading.script, &param.name, cx)) {
                        continue;
                    }
                    let text = cx.text(piece.span);
                    let instead = text.replacen('*', "@", usize::from(param.name == "*"));
                    let report = reading
                        .report_as(
                            cx,
                            piece.span,
                            format!("`{text}` splits every argument at its blanks and matches it against file names"),
                            if param.name == "*" { &["SC2048", "SC2086"] } else { id_alone(id) },
                        )
                        .help(format!("write `\"{instead}\"`"));
                    if id == "SC2068" && reading.takes_quotes() {
                        report.fix("quote it", Applicability::Unsafe, vec![replace(piece.span, format!("\"{instead}\""))]);
                    }
                }
            }
        }
    }
}

/// An array that is filled with what the shell splits, `list=($(find …))`: nothing is left in its elements to split.
fn is_split_before(script: &Script, name: &str, cx: &Cx<'_>) -> bool {
    // quotes may stand in a command that the list is made of, not around an element
    let split = |list: &str| list.starts_with('$') && (!list.contains(['"', '\'']) || list.starts_with("$(") && list.ends_with("))"));
    let mut fills = script.walk().flat_map(|(_, c)| &c.assigns).filter(|a| a.name == name).peekable();
    fills.peek().is_some() && fills.all(|a| cx.text(a.span).split_once("=(").is_some_and(|(_, list)| split(list.trim())))
}

fn id_alone(id: &'static str) -> &'static [&'static str] {
    if id == "SC2068" { &["SC2068"] } else { &["SC2048"] }
}

/// The id for an expansion to all arguments, or all of an array.
fn list(param: &Param) -> Option<&'static str> {
    match (param.name.as_str(), param.modifier.as_str()) {
        ("@", "") => Some("SC2068"),
        ("*", "") => Some("SC2048"),
        (_, modifier) if modifier.starts_with("[@]") => Some("SC2068"),
        (_, modifier) if modifier.starts_with("[*]") => Some("SC2048"),
        _ => None,
    }
}
