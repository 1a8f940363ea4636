use crate::rule::{CheckOptions, Cx, Rule, rule};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{ItemKind, Op, unquote};

rule!(MisnamedDescription, "style/misnamed-description");

impl Rule for MisnamedDescription {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        const CHECK: &str = "InvalidDefinitionDescription";
        let everywhere = CheckOptions::of_file(unit, cx.stack).is_some_and(|o| o.asks_for(CHECK));
        let mut asked: Option<CheckOptions> = None;
        let mut comment: Option<String> = None;
        for item in &unit.ast.items {
            match &item.kind {
                ItemKind::Comment(text) if text.value.is_empty() => (comment, asked) = (None, None),
                // an indented comment keeps its sign
                ItemKind::Comment(text) => {
                    let indented = cx.text(item.span).starts_with([' ', '\t']);
                    asked = asked.or_else(|| CheckOptions::comment(&text.value).filter(|_| !indented));
                    comment = Some(if indented { format!("#{}", text.value) } else { text.value.clone() });
                }
                ItemKind::Blank | ItemKind::Directive(_) => {}
                ItemKind::Instruction(instruction) => {
                    let here = asked.take().is_some_and(|o| o.asks_for(CHECK));
                    let Some(comment) = comment.take().filter(|_| everywhere || here) else { continue };
                    let (names, keyword): (Vec<String>, _) = match &instruction.op {
                        Op::Arg(pairs) => (pairs.iter().map(|p| unquote(&p.key, unit.ast.escape).value).collect(), "ARG"),
                        Op::From(from) => (from.name.iter().map(|n| n.to_lowercase()).collect(), "FROM"),
                        _ => continue,
                    };
                    let first = comment.split(' ').next().unwrap_or_default();
                    let Some(name) = names.first().filter(|_| !names.iter().any(|n| n == first)) else { continue };
                    let wanted = if names.len() > 1 { "<one of its names>" } else { name.as_str() };
                    cx.report(
                        instruction.head,
                        format!("the comment above this {keyword} is no description of it: `docker build --call=outline` shows none"),
                    )
                    .help(format!("begin it with the name: `# {wanted} …`"));
                }
            }
        }
    }
}
