use crate::rule::{Cx, Rule, rule};
use crate::rules::support::{nginx_ports, reach, servers};
use crate::source::Span;
use crate::stack::{Runtime, Stack, ViaKind};
use crate::syntax::dockerfile::Op;

rule!(PortMismatch, "binds/port-mismatch");

/// A port on which something listens, and what says so.
struct Open {
    port: u16,
    at: Option<Span>,
    by: String,
}

impl Rule for PortMismatch {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let passed_on = reach::passed_on(stack);
        for runtime in &stack.runtimes {
            let Some(open) = listening(stack, runtime) else { continue };
            let Some(first) = open.first() else { continue };
            let has = |port: u16| open.iter().any(|o| o.port == port);
            let mut wrong: Vec<(Span, u16, String)> = Vec::new();
            if let Some((_, service)) = runtime.service.and_then(|at| stack.service(at)) {
                for port in service.ports.iter().filter(|p| p.protocol == "tcp" && !has(p.target) && !debugger(p.target)) {
                    wrong.push((port.span, port.target, "publishes".to_owned()));
                }
                if !service.ports.is_empty() && service.ports.iter().any(|p| has(p.target)) {
                    // further ports beside the right one are metrics, debuggers and the like
                    wrong.clear();
                }
            }
            for (nginx, target) in reach::proxies_to(stack, &passed_on, runtime) {
                if let Some(port) = target.port.filter(|p| !has(*p) && !nginx.template) {
                    wrong.push((target.span, port, "leads to".to_owned()));
                }
            }
            let urls = reach::urls_to(stack, runtime).into_iter().filter(|(_, port)| !has(*port));
            wrong.extend(urls.map(|(span, port)| (span, port, "leads to".to_owned())));
            for use_ in stack.dockerruns.iter().filter(|d| d.runtime == Some(runtime.index)) {
                for port in use_.doc.containers.iter().flat_map(|c| &c.ports) {
                    let Some(text) = &port.container else { continue };
                    if let Some(number) = text.value.parse().ok().filter(|p| !has(*p)) {
                        wrong.push((text.span, number, "leads to".to_owned()));
                    }
                }
            }
            for (span, port, verb) in wrong {
                let report = cx
                    .report(
                        span,
                        format!(
                            "connections are refused: this {verb} port {port} of the container, but {} listens on {}",
                            first.by, first.port
                        ),
                    )
                    .help(format!("use {} here, or make the server listen on {port}", first.port));
                if let Some(at) = first.at {
                    report.label(at, format!("listens on {}", first.port));
                }
            }
        }
    }
}

/// All ports of a container, where they are known for sure.
fn listening(stack: &Stack, runtime: &Runtime) -> Option<Vec<Open>> {
    if !reach::own_network(stack, runtime) {
        return None;
    }
    let mut open: Vec<Open> = Vec::new();
    if runtime.image.as_ref().is_some_and(|i| i.official() == Some("nginx")) {
        let ports = nginx_ports::of(stack, runtime)?;
        return Some(ports.into_iter().map(|(port, at)| Open { port, at, by: "`nginx`".to_owned() }).collect());
    }
    if runtime.launches.is_empty() && fpm_image(runtime) {
        let by = "`php-fpm`".to_owned();
        return (!fpm_configured(stack, runtime)).then(|| vec![Open { port: 9000, at: None, by }]);
    }
    if runtime.launches.is_empty() {
        let image = runtime.image.as_ref()?;
        // an image's own ports can be changed by its configuration: only plain stores are judged
        let plain = ["postgres", "mysql", "mariadb", "redis", "mongo", "memcached"].contains(&image.official()?);
        let moved = ["PGPORT", "MYSQL_TCP_PORT", "REDIS_PORT"].iter().any(|n| runtime.env(n).is_some());
        let configured = runtime
            .service
            .and_then(|at| stack.service(at))
            .is_some_and(|(_, s)| s.mounts.iter().any(|m| m.target.contains("conf") || m.target.contains(".cnf")));
        if !plain || moved || configured || runtime.stage.is_some() {
            return None;
        }
        open.extend(servers::image_ports(image).iter().map(|port| Open { port: *port, at: None, by: format!("`{}`", image.short_name()) }));
        if image.official() == Some("mysql") {
            open.push(Open { port: 33060, at: None, by: "`mysql`".to_owned() });
        }
        return Some(open);
    }
    if !runtime.complete || runtime.processes.iter().any(|p| p.background) {
        return None;
    }
    // what a package script starts comes before the runner that started it
    let by_script = |p: &crate::stack::Process| p.via.iter().any(|v| matches!(v.kind, ViaKind::PackageScript(_)));
    let runner = |p: &crate::stack::Process| matches!(p.name(), "npm" | "pnpm" | "yarn" | "bun") && !by_script(p);
    let mut ends = runtime.processes.iter().rev().filter(|p| p.last);
    let last = ends.next().and_then(|p| if runner(p) { ends.next().filter(|q| by_script(q)).or(Some(p)) } else { Some(p) })?;
    let listens = reach::listens(stack, runtime);
    let (_, listen) = listens.iter().find(|(p, _)| std::ptr::eq(*p, last))?;
    // several binds, or none that could be read: nothing is sure
    let several = last.gunicorn.as_ref().is_some_and(|(_, c)| c.strings("bind").len() > 1)
        || last.args().iter().filter(|a| matches!(a.value.as_str(), "-b" | "--bind")).count() > 1;
    let known = [
        "gunicorn",
        "uvicorn",
        "hypercorn",
        "daphne",
        "waitress",
        "flask run",
        "manage.py runserver",
        "next start",
        "next dev",
        "rails server",
        "puma",
        "fastapi run",
        "streamlit",
        "php -S",
        "php artisan serve",
        "python -m http.server",
        "rq-dashboard",
        "php-fpm",
        "redis-server",
        "the server",
        "the Flask development server",
    ];
    if listen.server == "php-fpm" && (!fpm_image(runtime) || fpm_configured(stack, runtime)) {
        return None;
    }
    if several || !known.contains(&listen.server) {
        return None;
    }
    open.push(Open { port: listen.port?, at: Some(listen.port_at), by: listen.shown() });
    Some(open)
}

/// The official images' FPM listens on 9000, whatever else its pool says.
fn fpm_image(runtime: &Runtime) -> bool {
    runtime.image.as_ref().is_some_and(|i| i.official() == Some("php") && i.tag.as_deref().is_some_and(|t| t.contains("fpm")))
}

/// A file or a step of the image may have changed where FPM listens.
fn fpm_configured(stack: &Stack, runtime: &Runtime) -> bool {
    let touches = |text: &str| text.contains("fpm") || text.contains("www.conf") || text.contains("9000");
    let mounted = runtime.service.and_then(|at| stack.service(at)).is_some_and(|(_, s)| s.mounts.iter().any(|m| touches(&m.target)));
    let built = runtime.stage.and_then(|(u, n)| Some((stack.dockerfiles.get(u)?, n))).is_some_and(|(unit, stage)| {
        let stages = unit.chain(stage).into_iter().filter_map(|n| unit.ast.stages.get(n));
        let mut steps = stages.flat_map(|s| unit.ast.stage_instructions(s)).map(|(_, i)| i);
        steps.any(|i| matches!(i.op, Op::Copy(_) | Op::Add(_) | Op::Run(_)) && touches(&i.rest.value))
    });
    mounted || built
}

/// Ports of debuggers and profilers are opened by other means than the server's command.
fn debugger(port: u16) -> bool {
    matches!(port, 9229 | 5005 | 5678 | 3001 | 24678 | 35729 | 40000 | 2345 | 4000 | 8001)
}
