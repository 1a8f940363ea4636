//! nginx configuration of a container: mounted, copied, or made from a template at start.

use std::collections::BTreeMap;

use crate::compose::MountKind;
use crate::files::{self, Kind};
use crate::source::{FileId, Span};
use crate::syntax::dockerfile::Op;
use crate::syntax::nginx;
use crate::syntax::shell::{Programs, Script};

use super::NginxUse;
use super::imagefs::Located;
use super::runtime::Runtime;
use super::runtime_walk::Walk;

const MAX_CONFIGS: usize = 50;

/// Where nginx images keep their configuration.
const ROOTS: [&str; 4] = ["/etc/nginx", "/usr/local/openresty/nginx/conf", "/opt/bitnami/nginx/conf", "/usr/local/nginx/conf"];

/// All nginx configuration that a runtime reads.
pub(super) fn find(walk: &mut Walk<'_>, runtime: &Runtime) -> Vec<NginxUse> {
    // path on disk → (is a template, what brings it)
    let mut wanted: BTreeMap<String, (bool, Span)> = BTreeMap::new();
    mounted(walk, &mut wanted);
    copied(walk, &mut wanted);
    substituted(walk, runtime, &mut wanted);
    let mut found = Vec::new();
    for (path, (template, brought_by)) in wanted.into_iter().take(MAX_CONFIGS) {
        let Some(file) = read(walk, &path) else { continue };
        let source = walk.sources.get(file);
        let conf = nginx::parse(&source.text, source.span());
        found.push(NginxUse { runtime: runtime.index, file, conf, template, brought_by });
    }
    found
}

fn read(walk: &mut Walk<'_>, path: &str) -> Option<FileId> {
    if let Some(known) = walk.sources.find(path) {
        return Some(known);
    }
    let bytes = walk.files.read(path).ok().filter(|bytes| !bytes.contains(&0))?;
    Some(walk.sources.add_bytes(path, bytes))
}

fn below_root(path: &str) -> Option<&str> {
    ROOTS.iter().find_map(|root| files::strip_prefix(root, path))
}

fn is_config(path: &str) -> bool {
    let name = files::file_name(path);
    let name = name.strip_suffix(".template").unwrap_or(name);
    name.ends_with(".conf") || name.ends_with(".nginx") || path.contains("/sites-enabled/") || path.contains("/sites-available/")
}

fn add(walk: &Walk<'_>, host: &str, container: &str, by: Span, wanted: &mut BTreeMap<String, (bool, Span)>) {
    let template = container.contains("/templates") || container.ends_with(".template");
    match walk.files.kind(host) {
        Some(Kind::File) => {
            wanted.entry(host.to_owned()).or_insert((template, by));
        }
        Some(Kind::Dir) => {
            let held = walk.files.names(host).unwrap_or_default();
            for entry in held.iter().filter(|e| e.kind == Kind::File && is_config(&e.name)).take(MAX_CONFIGS) {
                let template = template || entry.name.ends_with(".template");
                wanted.entry(files::join(host, &entry.name)).or_insert((template, by));
            }
        }
        _ => {}
    }
}

fn mounted(walk: &Walk<'_>, wanted: &mut BTreeMap<String, (bool, Span)>) {
    let Some(service) = walk.service else { return };
    for mount in service.mounts.iter().filter(|m| m.kind == MountKind::Bind) {
        let target = files::normalize(&mount.target);
        let Some(rest) = below_root(&target) else { continue };
        let Some(host) = &mount.source_path else { continue };
        if is_config(&target) || !rest.contains('.') || walk.files.kind(host) == Some(Kind::Dir) {
            add(walk, host, &target, mount.span, wanted);
        }
    }
}

fn copied(walk: &Walk<'_>, wanted: &mut BTreeMap<String, (bool, Span)>) {
    let Some((unit, stage)) = walk.unit else { return };
    let Some(context) = walk.context else { return };
    for n in unit.chain(stage) {
        let Some(ast_stage) = unit.ast.stages.get(n) else { continue };
        for (item, instruction) in unit.ast.stage_instructions(ast_stage) {
            let (Op::Copy(copy) | Op::Add(copy)) = &instruction.op else { continue };
            let Some(raw) = unit.expand_at(n, item, &copy.dest) else { continue };
            let dest = files::join(&unit.workdir_at(n, item).unwrap_or_else(|| "/".to_owned()), &raw);
            if copy.from.is_some() || below_root(&dest).is_none() {
                continue;
            }
            for source in &copy.sources {
                let Some(source) = unit.expand_at(n, item, source) else { continue };
                let source = files::in_context(&source);
                let host = files::join(&context.dir, &source);
                let container = if raw.ends_with('/') { files::join(&dest, files::file_name(&source)) } else { dest.clone() };
                if walk.files.kind(&host) == Some(Kind::Dir) || is_config(&container) || is_config(&source) {
                    add(walk, &host, &container, instruction.head, wanted);
                }
            }
        }
    }
}

/// `envsubst < template > /etc/nginx/…` at the start of the container.
fn substituted(walk: &mut Walk<'_>, runtime: &Runtime, wanted: &mut BTreeMap<String, (bool, Span)>) {
    let mut inputs: Vec<(String, Span)> = Vec::new();
    if let Some((unit, stage)) = walk.unit.filter(|(unit, _)| walk.sources.get(unit.file).text.contains("envsubst")) {
        let launches = runtime.launches.iter().filter_map(|l| l.instruction);
        for (_, item) in launches.filter(|(u, _)| *u == unit.index) {
            inputs.extend(unit.script(item).into_iter().flat_map(envsubst_inputs));
        }
        for n in unit.chain(stage) {
            let Some(ast_stage) = unit.ast.stages.get(n) else { continue };
            for (item, instruction) in unit.ast.stage_instructions(ast_stage) {
                if matches!(instruction.op, Op::Run(_)) {
                    inputs.extend(unit.script(item).into_iter().flat_map(envsubst_inputs));
                }
            }
        }
    }
    let service = walk.service;
    for line in service.into_iter().flat_map(|s| s.command.iter().chain(&s.entrypoint)) {
        inputs.extend(envsubst_inputs(&walk.known.line(line.span, &line.argv)));
    }
    for script in &walk.scripts {
        inputs.extend(envsubst_inputs(&script.script));
    }
    let workdir = runtime.workdir.clone().unwrap_or_else(|| "/".to_owned());
    for (path, span) in inputs {
        if let Some(Located::File { path, .. }) = walk.locate(&files::join(&workdir, &path)) {
            wanted.insert(path, (true, span));
        }
    }
}

/// Files that `envsubst` reads and writes into nginx's configuration.
fn envsubst_inputs(script: &Script) -> Vec<(String, Span)> {
    const ENVSUBST: Programs = Programs::of(&["envsubst"]);
    let mut found = Vec::new();
    for (_, command) in script.walk().filter(|(_, c)| c.may_start(ENVSUBST)) {
        if command.name().as_deref() != Some("envsubst") {
            continue;
        }
        let target = |operator: &str| command.redirects.iter().find(|r| r.operator == operator).and_then(|r| r.target.as_ref());
        let into_nginx = command.redirects.iter().filter(|r| r.operator.starts_with('>')).filter_map(|r| r.target.as_ref()?.literal());
        let (Some(input), true) = (target("<").and_then(|w| w.literal()), into_nginx.clone().any(|p| below_root(&p).is_some())) else {
            continue;
        };
        found.push((input.into_owned(), command.span));
    }
    found
}
