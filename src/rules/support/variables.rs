//! Which variables there are where: ARGs above the first FROM, ARG and ENV of stages, what base images bring along.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{LazyLock, OnceLock};

use crate::rule::Cx;
use crate::source::Span;
use crate::stack::{Base, DockerfileUnit, ImageRef, Lookup};
use crate::syntax::dockerfile::expand::Reference;
use crate::syntax::dockerfile::{self, Instruction, Op, expand};
use crate::text::{Text, holds};

/// An ARG above the first FROM.
pub(crate) struct GlobalArg {
    /// Its name.
    pub name: String,
    /// Its default, as written.
    pub default: Option<Text>,
    /// Name and default.
    pub span: Span,
}

/// The variables that FROM sees without any ARG.
pub(crate) const PLATFORM_ARGS: [&str; 11] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETOSVERSION",
    "TARGETARCH",
    "TARGETVARIANT",
    "TARGETSTAGE",
];

/// Whether FROM sees this variable without any ARG.
pub(crate) fn is_platform_arg(name: &str) -> bool {
    PLATFORM_ARGS.contains(&name)
}

/// The ARGs above the first FROM, in order.
pub(crate) fn global_args(unit: &DockerfileUnit) -> Vec<GlobalArg> {
    let mut found = Vec::new();
    for (_, instruction) in unit.ast.global() {
        if let Op::Arg(pairs) = &instruction.op {
            found.extend(pairs.iter().map(|p| GlobalArg {
                name: dockerfile::unquote(&p.key, unit.ast.escape).value,
                default: p.value.clone(),
                span: p.span,
            }));
        }
    }
    found
}

/// Expands a word of FROM with nothing given from outside; `None` where that fails.
pub(crate) fn expand_with_defaults(unit: &DockerfileUnit, word: &str) -> Option<String> {
    let escape = unit.ast.escape;
    let plain = |text: &str| !text.contains(['$', '\'', '"', escape]);
    if plain(word) {
        return Some(word.to_owned());
    }
    static PREDEFINED: LazyLock<BTreeMap<String, String>> =
        LazyLock::new(|| dockerfile::scope::predefined(&dockerfile::scope::Inputs::default()).into_iter().collect());
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for arg in global_args(unit) {
        if let Some(default) = &arg.default {
            let value = expand::expand(default, escape, &|name| values.get(name).or_else(|| PREDEFINED.get(name)).cloned()).ok()?;
            values.insert(arg.name, value);
        }
    }
    expand::expand(word, escape, &|name| values.get(name).or_else(|| PREDEFINED.get(name)).cloned()).ok()
}

/// What a FROM comes to with nothing given from outside, where that is no name of an image.
pub(crate) fn no_image(unit: &DockerfileUnit, instruction: &Instruction) -> Option<String> {
    let Op::From(from) = &instruction.op else { return None };
    if !from.image.contains('$') || instruction.error.is_some() {
        return None;
    }
    expand_with_defaults(unit, &from.image).filter(|name| !super::image_name::is_reference(name))
}

/// What a base image's own ENV is, as far as it is known.
pub(crate) fn image_env(image: &ImageRef) -> Option<&'static [&'static str]> {
    static TABLE: OnceLock<BTreeMap<&'static str, Vec<&'static str>>> = OnceLock::new();
    let table = TABLE.get_or_init(|| table(BASE_IMAGES));
    let full = || match image.registry.as_deref() {
        None | Some("docker.io") => image.name.clone(),
        Some(host) => format!("{host}/{}", image.name),
    };
    image.official().and_then(|name| table.get(name)).or_else(|| table.get(full().as_str())).map(Vec::as_slice)
}

const BASE_IMAGES: &str = include_str!("../../../rules/data/base-images.yaml");

/// Reads `name: [A, B]`, and lists of `- A`, without a YAML parser: it happens at nearly every start.
fn table(text: &'static str) -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut table: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
    let mut open = "";
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        if let Some(item) = line.trim_start().strip_prefix("- ") {
            table.entry(open).or_default().push(item);
        } else if let Some((name, list)) = line.rsplit_once(": [") {
            table.insert(name, list.trim_end_matches(']').split(", ").filter(|n| !n.is_empty()).collect());
        } else {
            open = line.trim_end_matches(':');
        }
    }
    table
}

/// The variables that are set in a stage before anything is in it.
pub(crate) enum Inherited {
    /// Exactly these, and `PATH`.
    These(&'static [&'static str]),
    /// More than the file says.
    Unknown,
}

/// What a stage has from the image at the root of its chain.
pub(crate) fn inherited(unit: &DockerfileUnit, stage: usize) -> Inherited {
    let root = unit.chain(stage).last().and_then(|n| unit.stages.get(*n));
    match root.map(|s| &s.base) {
        Some(Base::Scratch) => Inherited::These(&[]),
        Some(Base::Image(image)) => image_env(image).map_or(Inherited::Unknown, Inherited::These),
        _ => Inherited::Unknown,
    }
}

/// Whether the image at the root is known to set a variable.
pub(crate) fn is_brought(base: &Inherited, name: &str) -> bool {
    matches!(base, Inherited::These(names) if names.contains(&name))
}

/// A variable that an instruction reads and nothing sets.
pub(crate) struct Unset {
    /// Where and how it is read.
    pub used: Reference,
    /// A name that is set and looks like it.
    pub near: Option<String>,
    /// The base image is not known to lack it: only its looks tell that the name is wrong.
    pub guess: bool,
    /// The same instruction sets the variable of this name: `ENV PATH=$PATH:/x`.
    pub appended: bool,
    /// An ARG above the first FROM has this name: what is missing is its declaration in the stage.
    pub global: bool,
}

impl Unset {
    /// Whether the text says what to do where it is not set.
    pub(crate) fn has_fallback(&self) -> bool {
        matches!(self.used.operator, ":-" | "-" | ":+" | "+" | ":?" | "?")
    }
}

/// The variables that an instruction of a stage, at the place `before` in the items, reads and that are set neither by the file nor by the base image.
pub(crate) fn unset(unit: &DockerfileUnit, stage: usize, before: usize, instruction: &Instruction) -> Vec<Unset> {
    let reads = reads(instruction, unit.ast.escape);
    if reads.is_empty() {
        return Vec::new();
    }
    let base = OnceCell::new();
    let base = || base.get_or_init(|| inherited(unit, stage));
    let mut own: Vec<String> = Vec::new();
    let mut found: Vec<Unset> = Vec::new();
    for (used, setting) in reads {
        if let Some(Text { value, .. }) = setting.earlier_arg {
            own.push(value.clone());
        }
        let Some(used) = used else { continue };
        let beside =
            setting.beside.contains(&used.name) && setting.key.as_ref() != Some(&used.name) && setting.own.as_ref() != Some(&used.name);
        if beside
            || used.name == "PATH"
            || own.contains(&used.name)
            || unit.lookup(stage, before, &used.name) != Lookup::Unset
            || is_brought(base(), &used.name)
        {
            continue;
        }
        let set = known_names(unit, stage, before);
        let from_image: &[&str] = if let Inherited::These(names) = base() { names } else { &[] };
        let options = set.iter().map(String::as_str).chain(from_image.iter().copied()).chain(["PATH"]);
        let guess = matches!(base(), Inherited::Unknown);
        let near = crate::syntax::closest(&used.name, options).filter(|near| !guess || surely(&used.name, near)).map(str::to_owned);
        let appended = setting.key.is_some_and(|key| key == used.name);
        let global = global_args(unit).iter().any(|g| g.name == used.name);
        found.push(Unset { used, near, guess, appended, global });
    }
    found
}

/// Whether an instruction with this text can read a variable; JSON has another way to write the `$`.
fn may_read(text: &str) -> bool {
    text.contains('$') || holds(text, "\\u")
}

/// Whether one name can hardly be anything but a slip for another.
fn surely(name: &str, near: &str) -> bool {
    let limit = if name.len() >= 8 { 2 } else { usize::from(name.len() >= 5) };
    name.eq_ignore_ascii_case(near) || crate::syntax::edit_distance(name, near, limit) <= limit
}

fn known_names(unit: &DockerfileUnit, stage: usize, before: usize) -> Vec<String> {
    let mut names = Vec::new();
    for (depth, n) in unit.chain(stage).into_iter().enumerate() {
        let sets = unit.stages.get(n).map(|s| s.env.as_slice()).unwrap_or_default();
        names.extend(sets.iter().filter(|s| depth > 0 || s.item < before).map(|s| s.name.clone()));
    }
    names.sort();
    names.dedup();
    names
}

/// What is being set where a variable is read.
#[derive(Clone, Default)]
struct Setting<'a> {
    /// The key whose value reads it.
    key: Option<String>,
    /// An ARG of the same line that stands before it, and is set from there on.
    earlier_arg: Option<&'a Text>,
    /// The key of the pair that it stands in.
    own: Option<String>,
    /// All keys of the ENV that it stands in: one ENV that reads what it sets itself is another rule's.
    beside: Rc<[String]>,
}

/// All variables that the builder expands in an instruction, in order.
fn reads(instruction: &Instruction, escape: char) -> Vec<(Option<Reference>, Setting<'_>)> {
    let mut found: Vec<(Option<Reference>, Setting<'_>)> = Vec::new();
    let flags = || instruction.flags.iter().filter_map(|f| f.value.as_ref()).any(|v| v.contains('$'));
    if !instruction.rest.contains('$') && !flags() && !instruction.heredocs.iter().any(|h| h.content.contains('$')) {
        return found;
    }
    let plain = |text: &Text| -> Vec<(Option<Reference>, Setting<'_>)> {
        expand::references(text, escape).into_iter().map(|r| (Some(r), Setting::default())).collect()
    };
    match &instruction.op {
        Op::Env(pairs) | Op::Label(pairs) => {
            let keys: Rc<[String]> = pairs.iter().map(|p| dockerfile::unquote(&p.key, escape).value).collect();
            let env = matches!(instruction.op, Op::Env(_));
            for (pair, key) in pairs.iter().zip(keys.iter()) {
                found.extend(plain(&pair.key));
                let beside = if env { Rc::clone(&keys) } else { Rc::default() };
                // `A=$A` adds nothing to what A was
                let alone = pair.value.as_ref().is_some_and(|v| {
                    let text = v.trim_matches('"');
                    text.strip_prefix('$').is_some_and(|t| t == key || t.strip_prefix('{').and_then(|t| t.strip_suffix('}')) == Some(key))
                });
                let setting = Setting { key: (env && !alone).then(|| key.clone()), earlier_arg: None, beside, own: Some(key.clone()) };
                let value = pair.value.iter().flat_map(|v| expand::references(v, escape));
                found.extend(value.map(|r| (Some(r), setting.clone())));
            }
        }
        Op::Arg(pairs) => {
            for pair in pairs {
                found.extend(pair.value.iter().flat_map(plain));
                found.push((None, Setting { earlier_arg: Some(&pair.key), ..Setting::default() }));
            }
        }
        Op::Copy(copy) | Op::Add(copy) => {
            found.extend(copy.sources.iter().chain([&copy.dest]).flat_map(plain));
            let flags = instruction.flags.iter().filter(|f| matches!(f.name.value.as_str(), "chown" | "chmod" | "checksum"));
            found.extend(flags.filter_map(|f| f.value.as_ref()).flat_map(plain));
            for heredoc in instruction.heredocs.iter().filter(|h| h.expand) {
                let body = Text::verbatim(heredoc.content.clone(), heredoc.body);
                found.extend(expand::heredoc_references(&body).into_iter().map(|r| (Some(r), Setting::default())));
            }
        }
        Op::Run(run) => {
            let fields = run.mounts.iter().flat_map(|m| &m.fields).filter(|(key, _)| key != "from");
            found.extend(fields.flat_map(|(_, value)| plain(value)));
        }
        Op::User(text) | Op::Workdir(text) | Op::Stopsignal(text) => found.extend(plain(text)),
        Op::Volume(texts) => found.extend(texts.iter().flat_map(plain)),
        _ => {}
    }
    found
}

/// Reports the unset variables that a rule has picked: each at its own place, those below the instruction's first line together
/// at its keyword, where the builder reports them.
pub(crate) fn report(
    unit: &DockerfileUnit,
    cx: &mut Cx<'_>,
    pick: impl Fn(&Unset) -> bool,
    message: impl Fn(&str) -> String,
    help: impl Fn(&Unset) -> String,
) {
    let stack = cx.stack;
    let looked_at = super::instructions::looked_at(unit, stack);
    for (index, stage) in unit.ast.stages.iter().enumerate() {
        if !looked_at.get(index).copied().unwrap_or(true) {
            continue;
        }
        for (item, instruction) in unit.ast.stage_instructions(stage).filter(|(_, i)| may_read(stack.sources.slice(i.span))) {
            let mut found: Vec<Unset> = unset(unit, index, item, instruction);
            found.retain(|u| pick(u));
            if found.is_empty() {
                continue;
            }
            let place = |u: &Unset, cx: &Cx<'_>| super::instructions::on_first_line(cx, instruction, u.used.span);
            let (below, here): (Vec<&Unset>, Vec<&Unset>) = found.iter().partition(|u| place(u, cx) == instruction.word.span);
            for unset in here {
                let at = place(unset, cx);
                cx.report(at, message(&format!("`{}`", unset.used.name))).help(help(unset));
            }
            let Some(first) = below.first() else { continue };
            let mut names: Vec<String> = below.iter().map(|u| format!("`{}`", u.used.name)).collect();
            names.dedup();
            let mut report = cx.report(instruction.word.span, message(&names.join(", "))).help(help(first));
            for unset in &below {
                report = report.label(unset.used.span, "read here");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_base_images_reads_as_yaml() {
        let yaml: BTreeMap<String, Vec<String>> = serde_yaml::from_str(BASE_IMAGES).unwrap();
        let own = table(BASE_IMAGES);
        assert!(own.len() > 30);
        assert_eq!(own.len(), yaml.len());
        assert!(own.iter().all(|(name, set)| yaml.get(*name).is_some_and(|y| y == set)));
    }
}
