use crate::rule::{Cx, Rule, rule};
use crate::rules::support::copied_secrets::{Found, brought, reaches_an_image};
use crate::rules::support::secrets::{Value, judge};
use crate::rules::support::tokens::token;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Instruction, Op};
use crate::text::Text;

rule!(SecretFileInImage, "secrets/secret-file-in-image");

impl Rule for SecretFileInImage {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (stage, ast_stage) in unit.ast.stages.iter().enumerate() {
            let mut all: Vec<(&Text, &Instruction, Vec<Found>)> = Vec::new();
            for (item, instruction) in unit.ast.stage_instructions(ast_stage) {
                let (Op::Copy(copy) | Op::Add(copy)) = &instruction.op else { continue };
                if !reaches_an_image(cx.stack, unit, stage, item, copy) {
                    continue;
                }
                written_here(instruction, cx);
                for source in copy.sources.iter().filter(|_| copy.from.is_none()) {
                    let builds = cx.stack.builds_of(unit);
                    let found = builds.map(|b| brought(cx.stack, unit, b, stage, item, instruction, source)).find(|f| !f.is_empty());
                    all.extend(found.map(|found| (source, instruction, found)));
                }
            }
            // a file is said once: where it is named, else where its folder is copied first
            let mut said: Vec<String> = all.iter().flat_map(|(_, _, f)| f).filter(|f| f.2).map(|f| f.0.clone()).collect();
            for (source, instruction, mut found) in all {
                found.retain(|(path, _, named)| *named || !said.contains(path));
                report(&found, source, instruction, cx);
                said.extend(found.into_iter().map(|(path, _, _)| path));
            }
        }
    }
}

/// Files whose content stands in the Dockerfile itself.
fn written_here(instruction: &Instruction, cx: &mut Cx<'_>) {
    for heredoc in &instruction.heredocs {
        let holds = token(&heredoc.content).map(str::to_owned).or_else(|| {
            let mut settings = heredoc.content.lines().filter_map(|line| line.trim_start_matches("export ").split_once('='));
            let (name, _) = settings.find(|(name, value)| judge(name.trim(), value.trim().trim_matches(['"', '\''])) == Value::Random)?;
            Some(format!("the secret `{}`", name.trim()))
        });
        let Some(holds) = holds else { continue };
        cx.report(heredoc.operator, format!("this file holds {holds} and becomes part of the image: whoever pulls it can read it"))
            .help("replace it where it counts, and mount the new one when the container runs")
            .mask(heredoc.body);
    }
}

fn report(found: &[Found], source: &Text, instruction: &Instruction, cx: &mut Cx<'_>) {
    let Some((path, what, named)) = found.first() else { return };
    let keyword = instruction.word.value.to_uppercase();
    let (message, help) = if *named {
        (
            format!("`{path}`, {what}, becomes part of the image: whoever pulls it can read it"),
            "leave it out, and mount it when the container runs, or as a build secret for the one RUN that needs it".to_owned(),
        )
    } else {
        let shown: Vec<String> = found.iter().take(3).map(|(p, w, _)| format!("`{p}` ({w})")).collect();
        let more = found.len().checked_sub(4).map(|n| format!(" and {} more files", n + 1)).unwrap_or_default();
        let names: Vec<&str> = found.iter().take(3).map(|(p, _, _)| p.as_str()).collect();
        let them = if found.len() == 1 { "it" } else { "them" };
        (
            format!("this {keyword} takes {}{more} along: whoever pulls the image can read {them}", shown.join(", ")),
            format!("name {them} in `.dockerignore`: {}", names.join(", ")),
        )
    };
    cx.report(source.span, message).help(help);
}
