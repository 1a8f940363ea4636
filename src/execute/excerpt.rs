//! The lines of a Dockerfile around a step that failed, with the very command underlined where it can be told.

use std::fmt::Write;

use super::Failure;
use crate::plan::input::Unit;
use crate::source::{SourceFile, Span};
use crate::syntax::dockerfile::{Form, Instruction, Op};
use crate::syntax::shell::{self, Command, Dialect};

/// Lines shown before the instruction.
const BEFORE: usize = 2;

/// Columns before a line's text.
const MARGIN: usize = 9;

/// Writes the lines, none of them longer than `width`: of a long one, what is around the command.
pub(super) fn excerpt(out: &mut String, unit: &Unit<'_>, file: &SourceFile, line: usize, failure: &Failure, width: usize) {
    let starts = |instruction: &&Instruction| file.line_of(instruction.span.start as usize) == line;
    let instruction = unit.ast.instructions().map(|(_, instruction)| instruction).find(starts);
    let last = instruction.map_or(line, |instruction| file.line_of(instruction.span.end.saturating_sub(1) as usize)).max(line);
    let command = instruction.and_then(|instruction| command(instruction, file, failure));
    for number in line.saturating_sub(BEFORE).max(1)..=(last + 1).min(file.line_count()) {
        let mark = if (line..=last).contains(&number) { '>' } else { ' ' };
        let text = file.line_text(number);
        let under = command.and_then(|span| underline(file, number, span));
        let room = width.saturating_sub(MARGIN).max(20);
        let from = under.as_ref().map_or(0, |under| first_shown(text.chars().count(), under, room));
        let _ = writeln!(out, " {mark}{number:>4} │ {}", window(text, from, room, '…'));
        if let Some(under) = under {
            let _ = writeln!(out, "       │ {}", window(&under, from, room, ' ').trim_end());
        }
    }
}

/// The first column of a long line that is shown, so that what is underlined is among them.
fn first_shown(columns: usize, under: &str, room: usize) -> usize {
    let begins = under.chars().take_while(|c| *c != '^').count();
    if columns <= room || under.chars().count() < room { 0 } else { begins.saturating_sub(room / 3).min(columns.saturating_sub(room)) }
}

/// So many columns of a text; `cut` stands where something is left out.
fn window(text: &str, from: usize, room: usize, cut: char) -> String {
    let columns = text.chars().count();
    if columns <= room && from == 0 {
        return text.to_owned();
    }
    let mut shown: Vec<char> = text.chars().skip(from).take(room).collect();
    if let Some(first) = shown.first_mut().filter(|_| from > 0) {
        *first = cut;
    }
    if let Some(last) = shown.last_mut().filter(|_| from + room < columns) {
        *last = cut;
    }
    shown.into_iter().collect()
}

/// The carets under the part of a span that lies in a line.
fn underline(file: &SourceFile, number: usize, span: Span) -> Option<String> {
    let range = file.line_range(number);
    let text = file.line_text(number);
    let from = (span.start as usize).max(range.start) - range.start;
    let to = (span.end as usize).min(range.start + text.len()).checked_sub(range.start)?;
    let before = text.get(..from)?;
    let under = text.get(from..to)?.trim_end().trim_end_matches('\\').trim_end();
    let skipped = under.len() - under.trim_start().len();
    let lead: String = before.chars().chain(under.chars().take(skipped)).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let carets = "^".repeat(under.trim_start().chars().count());
    (!carets.is_empty()).then(|| format!("{lead}{carets}"))
}

/// The command that failed: the only one, the one that its last lines name, or the `exit` with its code. Which part of
/// a script has failed no builder says.
fn command(instruction: &Instruction, file: &SourceFile, failure: &Failure) -> Option<Span> {
    let code = failure.exit_code?;
    let Op::Run(run) = &instruction.op else { return None };
    let Form::Shell(text) = &run.form else { return Some(instruction.rest.span) };
    let script = shell::parse_run(&text.text, text.span, Dialect::Bash);
    let own = |span: Span| span.file == file.id;
    let commands: Vec<&Command> = script.commands.iter().filter(|command| own(command.span) && command.name().is_some()).collect();
    if let [only] = commands.as_slice() {
        return Some(only.span);
    }
    let named = |command: &&&Command, said: &str| {
        let Some(name) = shell::base_name(command.words.first()?) else { return Some(false) };
        Some(said.starts_with(&format!("{name}: ")) || said.contains(&format!(": {name}: ")))
    };
    let by_output = failure.output.iter().rev().find_map(|said| commands.iter().rev().find(|c| named(c, said) == Some(true)));
    let exits = |command: &&&Command| {
        let argument = command.args().first().and_then(|word| word.literal().and_then(|text| text.parse::<i64>().ok()));
        command.name().is_some_and(|name| name == "exit") && argument == Some(code)
    };
    by_output.or_else(|| commands.iter().find(exits)).map(|command| command.span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;
    use crate::syntax::dockerfile::parse;

    fn drawn(text: &str, output: &[&str], code: i64) -> String {
        drawn_in(text, output, code, 80)
    }

    fn drawn_in(text: &str, output: &[&str], code: i64, width: usize) -> String {
        let mut sources = Sources::new();
        let id = sources.add("Dockerfile", text.to_owned());
        let file = sources.get(id);
        let ast = parse(file);
        let unit = Unit { path: "Dockerfile", file: id, ast: &ast, inline: false };
        let output = output.iter().map(|line| (*line).to_owned()).collect();
        let mut out = String::new();
        excerpt(&mut out, &unit, file, 2, &Failure { exit_code: Some(code), output, ..Failure::default() }, width);
        out
    }

    #[test]
    fn the_command_that_its_output_names_is_underlined() {
        let text = "FROM x\nRUN make && \\\n    ls /é /nope && \\\n    true\nCMD x\n";
        let shown = drawn(text, &["made", "ls: /nope: No such file or directory"], 1);
        let wanted = "     1 │ FROM x\n >   2 │ RUN make && \\\n >   3 │     ls /é /nope && \\\n       │     ^^^^^^^^^^^\n >   4 │     true\n     5 │ CMD x\n";
        assert_eq!(shown, wanted);
        assert!(drawn(text, &["/bin/sh: make: not found"], 127).contains("RUN make && \\\n       │     ^^^^\n"));
        assert!(!drawn(text, &["nothing"], 1).contains('^'));
        assert!(drawn("FROM x\nRUN a; exit 3\n", &[], 3).contains("RUN a; exit 3\n       │        ^^^^^^\n"));
        let long = format!("FROM x\nRUN echo {} && exit 3 && echo {}\n", "a".repeat(60), "b".repeat(60));
        let shown = drawn_in(&long, &[], 3, 60);
        assert!(shown.lines().all(|line| line.chars().count() <= 60), "{shown}");
        let rows: Vec<&str> = shown.lines().collect();
        let column = |row: &str, what: &str| row.split_once(what).map(|(before, _)| before.chars().count());
        assert_eq!(column(rows[2], "^"), column(rows[1], "exit 3"), "{shown}");
        assert!(rows[1].contains("│ …a") && rows[1].ends_with("b…"), "{shown}");
        assert!(drawn_in(&long, &[], 1, 60).contains("RUN echo aaa"), "the beginning, where no command is underlined");
        assert!(drawn("FROM x\nRUN cat nope\n", &[], 1).contains("\n       │     ^^^^^^^^\n"));
    }
}
