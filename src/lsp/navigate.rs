//! From a name to what it stands for, and what a file consists of.

use serde_json::{Value, json};

use super::Asked;
use crate::compose::{Project, ResourceKind, Service};
use crate::source::{FileId, Span};
use crate::stack::{DockerfileUnit, EnvSet, Stack};
use crate::syntax::dockerfile::{Instruction, Op};

pub(super) fn definition(asked: &Asked<'_>) -> Value {
    let Some(place) = asked.place() else { return Value::Null };
    let stack = &asked.checked.stack;
    let found = in_dockerfile(stack, place).or_else(|| stack.projects.iter().find_map(|project| in_project(stack, project, place)));
    found.map_or(Value::Null, |span| asked.location(span))
}

pub(super) fn touches(span: Span, place: Span) -> bool {
    span.file == place.file && span.start <= place.start && place.start <= span.end
}

/// The Dockerfile that a place is in.
pub(super) fn unit_at(stack: &Stack, place: Span) -> Option<&DockerfileUnit> {
    stack.dockerfiles.iter().find(|unit| unit.file == place.file)
}

fn in_dockerfile(stack: &Stack, place: Span) -> Option<Span> {
    let unit = unit_at(stack, place)?;
    let needs = unit.stages.iter().flat_map(|stage| &stage.needs);
    if let Some(need) = needs.into_iter().find(|need| touches(need.span, place)) {
        return stage_name(unit, need.stage);
    }
    variable(stack, unit, place).map(|set| set.span)
}

/// Where a stage is named, or begins.
pub(super) fn stage_name(unit: &DockerfileUnit, stage: usize) -> Option<Span> {
    let stage = unit.ast.stages.get(stage)?;
    stage.name.as_ref().map(|name| name.span).or_else(|| Some(unit.ast.instruction(stage.from)?.head))
}

/// What gives the variable under the cursor its value there.
pub(super) fn variable<'s>(stack: &'s Stack, unit: &'s DockerfileUnit, place: Span) -> Option<&'s EnvSet> {
    let name = variable_name(&stack.sources.get(place.file).text, place.start as usize)?;
    let item = unit.ast.items.iter().position(|item| touches(item.span, place))?;
    let stage = unit.ast.stage_of(item)?;
    for n in unit.chain(stage) {
        let before = |set: &&EnvSet| set.name == name && (n != stage || set.item < item) && (n == stage || !set.arg);
        if let Some(set) = unit.stages.get(n)?.env.iter().rev().find(before) {
            return Some(set);
        }
    }
    None
}

/// The name after `$` or `${` around an offset.
pub(super) fn variable_name(text: &str, offset: usize) -> Option<&str> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let before = text.get(..offset)?;
    let start =
        before.rfind(|c: char| !part(c)).map_or(0, |at| at + before.get(at..).and_then(|s| s.chars().next()).map_or(1, char::len_utf8));
    // The cursor may stand before the name, on its `$` or brace.
    let rest = text.get(offset..)?;
    let start = match rest.strip_prefix('$') {
        Some(after) => offset + 1 + usize::from(after.starts_with('{')),
        None if rest.starts_with('{') && before.ends_with('$') => offset + 1,
        None => start,
    };
    let end = text.get(start..)?.find(|c: char| !part(c)).map_or(text.len(), |n| start + n);
    let opens = text.get(..start)?;
    let named = opens.ends_with('$') || opens.ends_with("${");
    text.get(start..end).filter(|name| named && !name.is_empty())
}

fn in_project(stack: &Stack, project: &Project, place: Span) -> Option<Span> {
    let service = project.services.iter().find(|service| touches(service.span, place) && belongs(project, service, place))?;
    let named = |name: &str| project.service(name).map(|other| other.name.span);
    let mut links = service.depends_on.iter().map(|on| (on.service.span, named(&on.service.value)));
    if let Some((_, found)) = links.find(|(span, _)| touches(*span, place)) {
        return found;
    }
    if let Some(link) = service.links.iter().find(|link| touches(link.span, place)) {
        return named(&link.service);
    }
    if let Some(extended) = service.extends.as_ref().filter(|extended| touches(extended.span, place)) {
        return named(&extended.value);
    }
    if let Some(mode) = service.network_mode.as_ref().filter(|mode| touches(mode.span, place)) {
        return named(mode.value.strip_prefix("service:")?);
    }
    resource(project, service, place).or_else(|| built(stack, service, place)).or_else(|| env_file(service, place))
}

fn belongs(project: &Project, service: &Service, place: Span) -> bool {
    project.files.contains(&place.file) || service.span.file == place.file
}

fn resource(project: &Project, service: &Service, place: Span) -> Option<Span> {
    let at = |list: &[crate::source::At<String>]| list.iter().find(|name| touches(name.span, place)).map(|name| name.value.clone());
    let network = service.networks.iter().find(|network| touches(network.name.span, place)).map(|network| network.name.value.clone());
    let volume = service
        .mounts
        .iter()
        .find(|mount| touches(mount.span, place))
        .and_then(|mount| mount.source.as_ref())
        .map(|name| name.value.clone());
    let wanted = [
        (ResourceKind::Network, network),
        (ResourceKind::Volume, volume),
        (ResourceKind::Secret, at(&service.secrets)),
        (ResourceKind::Config, at(&service.configs)),
    ];
    let (kind, name) = wanted.into_iter().find_map(|(kind, name)| Some((kind, name?)))?;
    project.resources.iter().find(|resource| resource.kind == kind && resource.name.value == name).map(|resource| resource.name.span)
}

/// The Dockerfile of a build, or its stage where the cursor is on the target.
fn built(stack: &Stack, service: &Service, place: Span) -> Option<Span> {
    let build = service.build.as_ref().filter(|build| touches(build.span, place))?;
    let unit = stack.dockerfiles.iter().find(|unit| Some(&unit.path) == build.dockerfile_path.as_ref())?;
    let target = build.target.as_ref().filter(|target| touches(target.span, place));
    let stage =
        target.and_then(|target| unit.stages.iter().find(|stage| stage.name.as_deref() == Some(target.value.to_lowercase().as_str())));
    if let Some(stage) = stage {
        return stage_name(unit, stage.index);
    }
    let argument = build.args.iter().find(|arg| touches(arg.name.span, place));
    let declared = argument.and_then(|arg| {
        unit.ast.instructions().find_map(|(_, instruction)| match &instruction.op {
            Op::Arg(pairs) => pairs.iter().find(|pair| pair.key.value == arg.name.value).map(|pair| pair.span),
            _ => None,
        })
    });
    declared.or(Some(Span::new(unit.file, 0, 0)))
}

fn env_file(service: &Service, place: Span) -> Option<Span> {
    let named = service.env_files.iter().find(|file| touches(file.path.span, place))?;
    named.file.map(|file: FileId| Span::new(file, 0, 0))
}

/// Stages with their instructions, or the top-level keys with what stands under them.
pub(super) fn symbols(asked: &Asked<'_>) -> Value {
    let Some((id, _)) = asked.checked.file(&asked.shown) else { return Value::Null };
    let stack = &asked.checked.stack;
    if let Some(unit) = stack.dockerfiles.iter().find(|unit| unit.file == id) {
        return json!(unit.ast.stages.iter().enumerate().filter_map(|(n, _)| stage_symbol(asked, unit, n)).collect::<Vec<_>>());
    }
    let Some(root) = stack.yaml.get(&id).and_then(|tree| tree.documents.first()) else { return json!([]) };
    let entries = root.entries().iter().filter_map(|entry| {
        let children = entry.value.entries().iter().filter_map(|child| {
            Some(symbol(asked, child.key.as_str()?, "", 5, child.key.span.to(child.value.span), child.key.span, Vec::new()))
        });
        let children = children.collect();
        Some(symbol(asked, entry.key.as_str()?, "", 3, entry.key.span.to(entry.value.span), entry.key.span, children))
    });
    json!(entries.collect::<Vec<_>>())
}

fn stage_symbol(asked: &Asked<'_>, unit: &DockerfileUnit, n: usize) -> Option<Value> {
    let stage = unit.ast.stages.get(n)?;
    let from = unit.ast.instruction(stage.from)?;
    let image = unit.ast.from_of(stage).map_or("", |from| from.image.value.as_str());
    let name = stage.name.as_ref().map_or_else(|| format!("stage {n}"), |name| name.value.clone());
    let child = |instruction: &Instruction| {
        let rest: String = instruction.rest.value.chars().take(60).collect();
        symbol(
            asked,
            &instruction.word.value.to_uppercase(),
            &rest.replace(['\n', '\t'], " "),
            12,
            instruction.span,
            instruction.word.span,
            Vec::new(),
        )
    };
    let children = unit.ast.stage_instructions(stage).map(|(_, instruction)| child(instruction)).collect();
    Some(symbol(asked, &name, &format!("FROM {image}"), 5, stage.span, from.head, children))
}

fn symbol(asked: &Asked<'_>, name: &str, detail: &str, kind: u8, range: Span, selection: Span, children: Vec<Value>) -> Value {
    let file = asked.checked.stack.sources.get(range.file);
    let detail = asked.checked.masks.hide(detail).into_owned();
    let (range, selection) = (asked.server.encoding.range(file, range), asked.server.encoding.range(file, selection));
    json!({"name": name, "detail": detail, "kind": kind, "range": range, "selectionRange": selection, "children": children})
}

#[cfg(test)]
mod tests {
    use super::variable_name;

    #[test]
    fn the_variable_under_the_cursor_is_found() {
        let text = "RUN a $NAME ${OTHER:-x} plain";
        for (at, wanted) in
            [(6, Some("NAME")), (8, Some("NAME")), (11, Some("NAME")), (12, Some("OTHER")), (14, Some("OTHER")), (25, None), (0, None)]
        {
            assert_eq!(variable_name(text, at), wanted, "{at}");
        }
        assert_eq!(variable_name("é$Ä", 2), None);
    }
}
