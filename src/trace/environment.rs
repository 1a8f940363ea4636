//! The variables that a shell of the stack starts with, and what set each.

use std::rc::Rc;

use super::project::Variables;
use super::{IsSecret, Request};
use crate::compose::EnvVar;
use crate::quoting::{Environment, Flow, Machine, Outside, Setter, ShellKind, Value};
use crate::source::Span;
use crate::stack::{Base, DockerfileUnit, EnvSet, ImageRef, Runtime, Stack, knowledge};

/// While an image is built.
pub(super) fn of_build(stack: &Stack, request: &Request<'_>, unit: &DockerfileUnit, stage: usize, item: usize) -> Environment {
    let (given, is_secret) = (request.env, request.is_secret);
    let mut environment = Environment::new(outside(unit.root_image(stage), from_scratch(unit, stage)));
    for set in unit.settings(stage, item) {
        insert(stack, unit, &mut environment, set, is_secret);
    }
    add(&mut environment, given, is_secret);
    environment
}

/// In a container.
pub(super) fn of_runtime(stack: &Stack, request: &Request<'_>, runtime: &Runtime) -> Environment {
    let (given, is_secret) = (request.env, request.is_secret);
    let unit = runtime.stage.and_then(|(u, stage)| Some((stack.dockerfiles.get(u)?, stage)));
    let scratch = unit.is_some_and(|(unit, stage)| from_scratch(unit, stage));
    let mut environment = Environment::new(outside(runtime.image.as_ref(), scratch));
    if let Some((unit, stage)) = unit {
        // an ENV that takes over an ARG holds what the build was given
        unit.run_envs(stage).into_iter().for_each(|set| insert(stack, unit, &mut environment, set, is_secret));
    }
    if let Some((project, service)) = runtime.service.and_then(|at| stack.service(at)) {
        let variables = Variables::of(stack, project, request);
        for var in &service.environment {
            let (value, set_by) = compose_value(var, &variables, is_secret);
            environment.insert(&var.name.value, value, Some(set_by));
        }
    }
    add(&mut environment, given, is_secret);
    environment
}

fn compose_value(var: &EnvVar, variables: &Variables<'_>, is_secret: IsSecret<'_>) -> (Value, Setter) {
    let what = if var.from_file { "env_file" } else { "environment" };
    let set_by = Setter { what: what.to_owned(), span: Some(var.span) };
    let name = var.name.value.as_str();
    let secret = is_secret(name, Some(var.value.as_ref().map_or(var.span, |v| v.span)));
    let Some(text) = &var.value else {
        let (value, outer) = variables.look_up(name);
        return match value {
            Value::Known(flow) => (Value::Known(if secret { flow.into_secret() } else { flow }), outer.unwrap_or(set_by)),
            _ => (Value::Unknown("handed on from the shell that starts docker compose".to_owned()), set_by),
        };
    };
    let raw = var.raw.as_deref().filter(|_| var.interpolated());
    let flow = match raw {
        Some(raw) => variables.value_of(raw, text.span),
        None => Flow::value(text, text.span, false),
    };
    (Value::Known(if secret { flow.into_secret() } else { flow }), set_by)
}

/// What gives a variable of a Dockerfile its value: the instruction, or the build argument that a service passes.
pub(super) fn setter(stack: &Stack, unit: &DockerfileUnit, set: &EnvSet) -> Setter {
    if !set.arg {
        return Setter { what: "ENV".to_owned(), span: Some(set.span) };
    }
    if stack.build_args.iter().any(|(name, value)| *name == set.name && Some(value) == set.value.as_ref())
        && passed(stack, unit, set).is_none()
    {
        return Setter { what: "--build-arg".to_owned(), span: None };
    }
    match passed(stack, unit, set) {
        Some(span) => Setter { what: "build argument".to_owned(), span: Some(span) },
        None => Setter { what: "ARG".to_owned(), span: Some(set.span) },
    }
}

fn passed(stack: &Stack, unit: &DockerfileUnit, set: &EnvSet) -> Option<Span> {
    let args = stack.builds_of(unit).flat_map(|b| &b.args);
    let mut same = args.filter(|a| a.name.value == set.name && a.value.as_ref().map(|v| &v.value) == set.value.as_ref());
    same.next().map(|a| a.span)
}

fn insert(stack: &Stack, unit: &DockerfileUnit, environment: &mut Environment, set: &EnvSet, is_secret: IsSecret<'_>) {
    let what = if set.arg { "ARG" } else { "ENV" };
    let value = match &set.value {
        Some(text) => {
            let secret = is_secret(&set.name, Some(set.text.as_ref().map_or(set.span, |t| t.span)));
            Value::Known(Flow::value(text, set.span, secret))
        }
        None if set.arg && set.text.is_none() => Value::Unknown("an ARG without a default: only --build-arg gives it a value".to_owned()),
        None => Value::Unknown(format!("the {what} holds something that is not known here")),
    };
    environment.insert(&set.name, value, Some(setter(stack, unit, set)));
}

/// `--env`.
fn add(environment: &mut Environment, given: &[(String, String)], is_secret: IsSecret<'_>) {
    for (name, value) in given {
        let flow = Flow::value(value, Span::new(crate::source::FileId(0), 0, 0), is_secret(name, None));
        environment.insert(name, Value::Known(flow), Some(Setter { what: "--env".to_owned(), span: None }));
    }
}

fn from_scratch(unit: &DockerfileUnit, stage: usize) -> bool {
    let last = unit.chain(stage).last().copied();
    last.and_then(|n| unit.stages.get(n)).is_some_and(|s| s.base == Base::Scratch)
}

/// What the base image may set although no file here does.
fn outside(image: Option<&ImageRef>, scratch: bool) -> Outside {
    let known = image.is_some_and(|i| i.official().is_some() && knowledge::distribution(i).is_some());
    let name = image.map(|i| i.name.clone());
    let prefix = image.map(|i| i.short_name().to_uppercase().replace('-', "_"));
    Rc::new(move |variable: &str| {
        if matches!(variable, "PATH" | "HOME" | "HOSTNAME" | "TERM" | "PWD") {
            return Some("every container sets it".to_owned());
        }
        if scratch {
            return None;
        }
        let usual =
            prefix.as_deref().is_some_and(|p| variable.strip_prefix(p).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')));
        match &name {
            Some(image) if !known || usual || is_usual(variable) => Some(format!("nothing here sets it; the image {image} may")),
            Some(_) => None,
            None => Some("nothing here sets it; the base image may".to_owned()),
        }
    })
}

/// Variables that official images set.
fn is_usual(name: &str) -> bool {
    const NAMES: [&str; 22] = [
        "LANG",
        "LC_ALL",
        "LANGUAGE",
        "JAVA_HOME",
        "JAVA_VERSION",
        "GOPATH",
        "GOLANG_VERSION",
        "GOROOT",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "RUST_VERSION",
        "PGDATA",
        "PG_MAJOR",
        "GEM_HOME",
        "BUNDLE_APP_CONFIG",
        "CATALINA_HOME",
        "YARN_VERSION",
        "GPG_KEY",
        "PKG_RELEASE",
        "NJS_VERSION",
        "COMPOSER_HOME",
        "HTTPD_PREFIX",
    ];
    NAMES.contains(&name)
}

/// What `sh` is in an image.
pub(super) fn machine(image: Option<&ImageRef>) -> Machine {
    let sh = match image.and_then(knowledge::system_shell) {
        Some("dash") => ShellKind::Dash,
        Some("ash") => ShellKind::Ash,
        Some("bash") => ShellKind::Bash,
        _ => ShellKind::Sh,
    };
    Machine { sh }
}

/// The service of a runtime, for people: with its file where several projects have one of this name.
pub(super) fn service_name(stack: &Stack, runtime: &Runtime) -> Vec<String> {
    let Some((project, service)) = runtime.service.and_then(|at| stack.service(at)) else { return Vec::new() };
    let name = service.name.value.clone();
    let several = stack.projects.iter().filter(|p| p.service(&name).is_some()).count() > 1;
    let last = project.files.first().filter(|_| several);
    vec![last.map_or(name.clone(), |file| format!("{name} ({})", stack.sources.path(*file)))]
}

/// Whether a runtime is that of a service of this name.
pub(super) fn is_service(stack: &Stack, runtime: &Runtime, name: &str) -> bool {
    runtime.service.and_then(|at| stack.service(at)).is_some_and(|(_, service)| service.name.value == name)
}
