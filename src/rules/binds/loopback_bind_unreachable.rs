use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::reach::{self, Wanted};
use crate::rules::support::servers::{Listen, is_loopback};
use crate::source::Span;
use crate::stack::{Runtime, Stack};

rule!(LoopbackBindUnreachable, "binds/loopback-bind-unreachable");

/// Variables by which people hand their own program the address to listen on.
const ADDRESS_VARIABLES: [&str; 14] = [
    "APP_HOST",
    "SERVER_HOST",
    "BIND",
    "BIND_HOST",
    "BIND_ADDRESS",
    "BIND_ADDR",
    "LISTEN",
    "LISTEN_HOST",
    "LISTEN_ADDRESS",
    "LISTEN_ADDR",
    "HTTP_HOST",
    "WEB_HOST",
    "APP_BIND",
    "HOST",
];

impl Rule for LoopbackBindUnreachable {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for runtime in &stack.runtimes {
            let listens: Vec<Listen> = reach::listens(stack, runtime).into_iter().map(|(_, l)| l).collect();
            let told = || ADDRESS_VARIABLES.iter().any(|name| runtime.env(name).is_some());
            let worth_a_look = if listens.is_empty() { told() } else { listens.iter().any(Listen::loopback) };
            if !worth_a_look {
                continue;
            }
            if !reach::own_network(stack, runtime) || reach::proxied_inside(runtime) {
                continue;
            }
            let wanted = reach::wanted(stack, runtime);
            for listen in listens.iter().filter(|l| l.loopback()) {
                let other_port_serves = |w: &&Wanted| w.port.is_none_or(|p| listen.port.is_none_or(|own| own == p));
                let asks: Vec<&Wanted> = wanted.iter().filter(other_port_serves).collect();
                let exposed = exposes(stack, runtime, listen.port);
                if asks.is_empty() && exposed.is_none() {
                    continue;
                }
                report(cx, runtime, listen, &asks, exposed, stack);
            }
            if listens.is_empty() && !wanted.is_empty() {
                by_variable(stack, runtime, &wanted, cx);
            }
        }
    }
}

fn report(cx: &mut Cx<'_>, runtime: &Runtime, listen: &Listen, asks: &[&Wanted], exposed: Option<Span>, stack: &Stack) {
    let who =
        runtime.service.and_then(|at| stack.service(at)).map_or_else(|| "the container".to_owned(), |(_, s)| format!("`{}`", s.name.value));
    let address = listen.host.clone().unwrap_or_default();
    let by_default = if listen.host_defaulted { ", its default" } else { "" };
    let message =
        format!("nothing outside {who} reaches {}: it listens on {address}{by_default}, which is the container itself", listen.shown());
    let text = stack.sources.slice(listen.host_at).to_owned();
    let mut report = cx.report(listen.host_at, message).here("reachable inside its own container only");
    match (asks.first(), exposed) {
        (Some(ask), _) => report = report.label(ask.span, ask.label.clone()),
        (None, Some(span)) => report = report.label(span, "meant to be reached"),
        _ => {}
    }
    report = report.help(format!("make it listen on 0.0.0.0{}", option_for(listen)));
    if !listen.host_defaulted && text.matches(&address).count() == 1 && !address.is_empty() {
        report.fix("listen on all addresses", Applicability::Unsafe, vec![replace(listen.host_at, text.replace(&address, "0.0.0.0"))]);
    }
}

fn option_for(listen: &Listen) -> String {
    let option = match listen.server {
        _ if !listen.host_defaulted => return String::new(),
        "gunicorn" | "hypercorn" => format!("`--bind 0.0.0.0:{}`", listen.port.unwrap_or(8000)),
        "manage.py runserver" => format!("`runserver 0.0.0.0:{}`", listen.port.unwrap_or(8000)),
        "rails server" => "`-b 0.0.0.0`".to_owned(),
        "the Flask development server" => "`app.run(host=\"0.0.0.0\")`".to_owned(),
        "fastify" => "`listen({ port, host: \"0.0.0.0\" })`".to_owned(),
        "ollama" => "`OLLAMA_HOST=0.0.0.0`".to_owned(),
        "jupyter" => "`--ip 0.0.0.0`".to_owned(),
        "mkdocs serve" => "`--dev-addr 0.0.0.0:8000`".to_owned(),
        _ => "`--host 0.0.0.0`".to_owned(),
    };
    format!(": {option}")
}

/// EXPOSE of the port in the image's own stages: the author means it to be reached.
fn exposes(stack: &Stack, runtime: &Runtime, port: Option<u16>) -> Option<Span> {
    let (unit, stage) = runtime.stage.and_then(|(u, n)| Some((stack.dockerfiles.get(u)?, n)))?;
    let chain = unit.chain(stage);
    let mut exposed = chain.iter().filter_map(|n| unit.stages.get(*n)).flat_map(|s| &s.exposed);
    exposed.find(|e| port.is_none_or(|p| e.value.0 == p)).map(|e| e.span)
}

/// A program that we don't know, told by a variable to listen on loopback.
fn by_variable(stack: &Stack, runtime: &Runtime, wanted: &[Wanted], cx: &mut Cx<'_>) {
    for var in ADDRESS_VARIABLES.iter().filter_map(|name| runtime.env(name)) {
        let Some(value) = var.value.as_deref() else { continue };
        let host = value.rsplit_once(':').map_or(value, |(host, _)| host);
        if !is_loopback(host) {
            continue;
        }
        let Some(ask) = wanted.first() else { return };
        let text = stack.sources.slice(var.span).to_owned();
        let who = runtime.service.and_then(|at| stack.service(at)).map_or_else(String::new, |(_, s)| s.name.value.clone());
        let report = cx
            .report(
                var.span,
                format!("nothing outside `{who}` reaches it: `{}` makes it listen on {host}, which is the container itself", var.name),
            )
            .here("reachable inside its own container only")
            .label(ask.span, ask.label.clone())
            .help(format!("set `{}` to 0.0.0.0", var.name));
        if text.matches(host).count() == 1 {
            report.fix("listen on all addresses", Applicability::Unsafe, vec![replace(var.span, text.replace(host, "0.0.0.0"))]);
        }
        return;
    }
}
