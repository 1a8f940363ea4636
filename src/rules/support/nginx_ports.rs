//! The ports of a container that runs the official nginx image.

use crate::source::Span;
use crate::stack::{NginxUse, Runtime, Stack};
use crate::syntax::dockerfile::Op;
use crate::syntax::nginx::Directive;

/// Where the official nginx image listens, by its configuration: all `listen` of it, and the packaged server on port 80 unless
/// that is replaced. `None` where a part of the configuration is not seen.
pub(crate) fn of(stack: &Stack, runtime: &Runtime) -> Option<Vec<(u16, Option<Span>)>> {
    let files: Vec<_> = stack.nginx.iter().filter(|n| n.runtime == runtime.index).collect();
    let starts_nginx = runtime.launches.is_empty() || runtime.processes.iter().any(|p| p.last && p.name() == "nginx");
    let brought = brought(stack, runtime)?;
    let unseen = files.is_empty() && brought.iter().any(|to| to.contains(CONFIGURATION));
    if !starts_nginx || unseen || files.iter().any(|n| n.template || n.conf.walk().iter().any(|(_, d)| includes_other(d))) {
        return None;
    }
    let main = files.iter().find(|n| n.conf.walk().iter().any(|(path, d)| path.is_empty() && d.is("http")));
    let includes =
        |n: &&&NginxUse| n.conf.walk().iter().any(|(_, d)| d.is("include") && d.args.first().is_some_and(|a| a.value.contains("conf.d")));
    let folder = |to: &str| to.ends_with("/conf.d") || to.ends_with(CONFIGURATION) || to.contains("default.conf");
    let mut open = Vec::new();
    for server in files.iter().flat_map(|n| n.conf.servers()) {
        if server.listen.is_empty() {
            open.push((80, Some(server.directive.name.span)));
        }
        for listen in &server.listen {
            match listen.port {
                Some(port) => open.push((port, Some(listen.directive.span))),
                None if listen.address.as_deref().is_some_and(|a| a.starts_with("unix:")) => {}
                None => return None,
            }
        }
    }
    if main.as_ref().is_none_or(includes) && !brought.iter().any(|to| folder(to.trim_end_matches('/'))) {
        open.push((80, None));
    }
    Some(open)
}

const CONFIGURATION: &str = "/etc/nginx";

/// An `include` of what is neither the folder of servers nor packaged.
fn includes_other(directive: &Directive) -> bool {
    const KNOWN: [&str; 4] = ["conf.d", "mime.types", "_params", "fastcgi.conf"];
    directive.is("include") && directive.args.first().is_some_and(|a| !KNOWN.iter().any(|k| a.value.contains(k)))
}

/// What mounts and steps of the build put into nginx's configuration, or take out of it; `None` where that is not seen: templates, files
/// that other stages or commands make.
fn brought(stack: &Stack, runtime: &Runtime) -> Option<Vec<String>> {
    let service = runtime.service.and_then(|at| stack.service(at));
    let mut found: Vec<String> = service.into_iter().flat_map(|(_, s)| &s.mounts).map(|m| m.target.clone()).collect();
    if let Some((unit, stage)) = runtime.stage.and_then(|(u, n)| Some((stack.dockerfiles.get(u)?, n))) {
        let stages = unit.chain(stage).into_iter().filter_map(|n| unit.ast.stages.get(n));
        for (_, instruction) in stages.flat_map(|s| unit.ast.stage_instructions(s)) {
            let text = instruction.rest.value.as_str();
            match &instruction.op {
                _ if !text.contains(CONFIGURATION) => {}
                Op::Run(_) if text.contains("rm ") && text.contains("default.conf") => found.push(text.to_owned()),
                Op::Copy(copy) | Op::Add(copy) if copy.from.is_none() && instruction.heredocs.is_empty() => found.push(text.to_owned()),
                Op::Copy(_) | Op::Add(_) | Op::Run(_) => return None,
                _ => {}
            }
        }
    }
    (!found.iter().any(|to| to.contains("templates"))).then_some(found)
}
