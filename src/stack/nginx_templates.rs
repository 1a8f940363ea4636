//! `/etc/nginx/templates`: what the entrypoint of the nginx image makes of it.

use super::{Process, Runtime, Stack};
use crate::compose::MountKind;
use crate::files;
use crate::source::Span;
use crate::syntax::dockerfile::Op;

const FOLDER: &str = "/etc/nginx/templates";

/// What puts templates into the folder that the image's entrypoint then renders.
pub fn rendered(stack: &Stack, runtime: &Runtime) -> Vec<Span> {
    let elsewhere = runtime.env("NGINX_ENVSUBST_TEMPLATE_DIR").is_some();
    if !renders(runtime) || elsewhere || launch_in_the_way(runtime).is_some() {
        return Vec::new();
    }
    templates(stack, runtime).into_iter().filter(|t| misnamed(runtime, &t.names).is_none()).map(|t| t.span).collect()
}

/// The nginx image and those that take its entrypoint over.
pub fn renders(runtime: &Runtime) -> bool {
    runtime.image.as_ref().is_some_and(|i| i.official() == Some("nginx") || i.name.ends_with("/nginx-unprivileged"))
}

/// A script renders them itself, or calls the image's entrypoint.
pub fn renders_itself(runtime: &Runtime) -> bool {
    let own = |p: &Process| p.argv.iter().any(|a| a.value.contains("envsubst") || a.value.contains("docker-entrypoint"));
    runtime.processes.iter().any(own)
}

/// What is put into the folder of templates.
#[derive(Clone, Debug)]
pub struct Templates {
    /// What brings it there: a COPY or a mount.
    pub span: Span,
    /// The files' names, where they are known.
    pub names: Vec<String>,
}

/// What puts templates into the folder.
pub fn templates(stack: &Stack, runtime: &Runtime) -> Vec<Templates> {
    let mut found = Vec::new();
    let service = runtime.service.and_then(|at| stack.service(at)).map(|(_, s)| s);
    for mount in service.into_iter().flat_map(|s| &s.mounts).filter(|m| m.kind == MountKind::Bind) {
        let target = files::normalize(&mount.target);
        if files::strip_prefix(FOLDER, &target).is_some() {
            let names = Some(files::file_name(&target).to_owned()).filter(|n| target != FOLDER && n.contains('.'));
            found.push(Templates { span: mount.span, names: names.into_iter().collect() });
        }
    }
    let Some((unit, stage)) = runtime.stage.and_then(|(u, s)| Some((stack.dockerfiles.get(u)?, s))) else { return found };
    for n in unit.chain(stage) {
        let Some(own) = unit.ast.stages.get(n) else { continue };
        for (item, instruction) in unit.ast.stage_instructions(own) {
            let (Op::Copy(copy) | Op::Add(copy)) = &instruction.op else { continue };
            let Some(dest) = unit.expand_at(n, item, &copy.dest).filter(|d| d.starts_with('/')) else { continue };
            let path = files::normalize(&dest);
            if files::strip_prefix(FOLDER, &path).is_none() {
                continue;
            }
            let file = path != FOLDER && !dest.ends_with('/') && files::file_name(&path).contains('.');
            let sources = copy.sources.iter().map(|s| files::file_name(s).to_owned());
            let names: Vec<String> = if file { vec![files::file_name(&path).to_owned()] } else { sources.collect() };
            let known = names.iter().all(|n| n.contains('.') && !n.starts_with('.') && !n.contains(['*', '?', '[', '$']));
            found.push(Templates { span: instruction.head, names: if known { names } else { Vec::new() } });
        }
    }
    found
}

/// The suffix that none of the files has.
pub fn misnamed(runtime: &Runtime, names: &[String]) -> Option<String> {
    let suffix = match runtime.env("NGINX_ENVSUBST_TEMPLATE_SUFFIX") {
        Some(var) => var.value.clone()?,
        None => ".template".to_owned(),
    };
    let elsewhere = runtime.env("NGINX_ENVSUBST_TEMPLATE_DIR").is_some();
    (!elsewhere && !names.is_empty() && !names.iter().any(|n| n.ends_with(&suffix))).then_some(suffix)
}

/// The entrypoint or command that keeps the image's own entrypoint from rendering templates.
pub fn launch_in_the_way(runtime: &Runtime) -> Option<Span> {
    let of = |entrypoint: bool| runtime.launches.iter().find(|l| l.entrypoint == entrypoint);
    if let Some(entry) = of(true) {
        let image = entry.argv.iter().any(|w| files::file_name(w) == "docker-entrypoint.sh");
        if !image {
            return runtime.complete.then_some(entry.span);
        }
    }
    let command = of(false)?;
    let first = command.argv.first().map_or("", |w| w.value.as_str());
    (command.shell_form || !matches!(first, "nginx" | "nginx-debug")).then_some(command.span)
}

/// Whether the image leaves a name alone although it is set: NGINX_ENVSUBST_FILTER; `None` where that cannot be said.
pub fn filtered_out(runtime: &Runtime, name: &str) -> Option<bool> {
    let Some(filter) = runtime.env("NGINX_ENVSUBST_FILTER") else { return Some(false) };
    let filter = regex::Regex::new(filter.value.as_deref()?).ok()?;
    Some(!filter.is_match(name))
}
