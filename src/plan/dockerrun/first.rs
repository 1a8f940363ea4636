//! Version 1: one image, with its ports, volumes and command.

use serde_json::{Value, json};

use super::lost::{Report, Version};
use super::volumes::Volumes;
use super::{Export, Object, stack_of};
use crate::compose::Service;
use crate::files::{self, Files};
use crate::plan::load::Request;
use crate::stack::{BuildUse, DockerfileUnit};

/// The file for one service.
pub(super) fn file(service: &Service, mut left: Object, exposed: &[u16], volumes: &mut Volumes, report: &mut Report) -> Value {
    let mut file = start();
    // Beside a Dockerfile at the top of the upload an image's name has no place: Beanstalk builds it.
    let built_there = service.build.as_ref().is_some_and(|build| build.dockerfile_path.as_deref() == Some("Dockerfile"));
    if let Some(build) = &service.build {
        built(service, build, built_there, report);
    }
    let image = left.remove("image").and_then(|image| image.as_str().map(str::to_owned));
    if !built_there {
        let name = image.unwrap_or_else(|| service.name.value.clone());
        file.insert("Image".to_owned(), json!({"Name": name, "Update": "true"}));
    }
    left.remove("ports");
    let mut ports: Vec<Value> = service.ports.iter().map(|port| ported(service, port, report)).collect();
    if ports.is_empty() {
        let own = service.expose.iter().map(|port| port.value);
        ports = own.chain(exposed.iter().copied()).map(|port| json!({"ContainerPort": port.to_string()})).collect();
        ports.dedup();
        left.remove("expose");
    }
    if ports.is_empty() {
        let help = "publish one with `ports`".to_owned();
        report.note(Some(service.name.span), format!("`{}` publishes no port, and Beanstalk wants one", service.name.value), Some(help));
    } else {
        file.insert("Ports".to_owned(), json!(ports));
    }
    left.remove("volumes");
    let mounts: Vec<Value> = service.mounts.iter().filter_map(|mount| mounted(service, mount, volumes, report)).collect();
    if !mounts.is_empty() {
        file.insert("Volumes".to_owned(), json!(mounts));
    }
    for (key, name) in [("entrypoint", "Entrypoint"), ("command", "Command")] {
        let words =
            left.remove(key).and_then(|words| Some(words.as_array()?.iter().filter_map(Value::as_str).map(word).collect::<Vec<_>>()));
        if let Some(words) = words.filter(|words| !words.is_empty()) {
            file.insert(name.to_owned(), json!(words.join(" ")));
        }
    }
    properties(service, &mut left, report);
    restart(&mut left);
    report.left(service, &left, Version::First);
    Value::Object(file)
}

fn start() -> Object {
    Object::from_iter([("AWSEBDockerrunVersion".to_owned(), json!("1"))])
}

fn built(service: &Service, build: &crate::compose::Build, there: bool, report: &mut Report) {
    let name = &service.name.value;
    if !there {
        let help = "push it to a registry before: `stacklint plan --execute --push`".to_owned();
        report.note(
            Some(build.span),
            format!("`{name}` is built here, but Beanstalk builds only a Dockerfile at the top of the upload"),
            Some(help),
        );
        return;
    }
    let said =
        [("build.target", build.target.is_some()), ("build.args", !build.args.is_empty()), ("build.secrets", !build.secrets.is_empty())];
    for (key, _) in said.into_iter().filter(|(_, said)| *said) {
        let help = "make it the Dockerfile's default, or push the image and let `image` name it".to_owned();
        report.key(service, key, "Beanstalk builds the Dockerfile as it stands".to_owned(), Some(help));
    }
}

fn ported(service: &Service, port: &crate::compose::Port, report: &mut Report) -> Value {
    if let Some(address) = &port.host_ip {
        let key = format!("services.{}.ports.host_ip", service.name.value);
        report.add(Some(port.span), &key, format!("the port is open on every address, not on {address} alone"), None);
    }
    match &port.published {
        Some(host) if host.parse::<u16>().is_ok() => json!({"ContainerPort": port.target.to_string(), "HostPort": host}),
        _ => json!({"ContainerPort": port.target.to_string()}),
    }
}

fn mounted(service: &Service, mount: &crate::compose::ServiceMount, volumes: &mut Volumes, report: &mut Report) -> Option<Value> {
    let source = mount.source_path.as_deref().or_else(|| mount.source.as_ref().map(|text| text.value.as_str()));
    let mounted = volumes.mount(service, mount, source, report)?;
    let key = format!("services.{}.volumes", service.name.value);
    if mounted.read_only {
        report.add(Some(mount.span), &format!("{key}.read_only"), "version 1 mounts everything writable".to_owned(), None);
    }
    let Some(host) = mounted.host else {
        report.add(Some(mount.span), &key, "version 1 mounts folders of the instance only".to_owned(), None);
        return None;
    };
    Some(json!({"HostDirectory": host, "ContainerDirectory": mounted.target}))
}

/// The environment is Beanstalk's own matter: what to set is told by name.
fn properties(service: &Service, left: &mut Object, report: &mut Report) {
    let Some(Value::Object(all)) = left.remove("environment") else { return };
    let names: Vec<String> = all.keys().map(|name| format!("{name}=…")).collect();
    if !names.is_empty() {
        let key = if service.has("environment") { "environment" } else { "env_file" };
        let message = "version 1 has no variables, they are properties of the environment".to_owned();
        report.key(service, key, message, Some(format!("eb setenv {}", names.join(" "))));
    }
}

/// Beanstalk always starts the container again.
pub(super) fn restart(left: &mut Object) {
    if left.get("restart").and_then(Value::as_str).is_some_and(|policy| matches!(policy, "always" | "unless-stopped")) {
        left.remove("restart");
    }
}

/// A word as a shell reads it back.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | ',' | '@' | '%' | '+');
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The file for a Dockerfile alone: Beanstalk builds it, and asks for its port.
pub(super) fn of_dockerfile(request: &Request, path: &str, disk: &dyn Files) -> Export {
    let path = files::normalize(path);
    let stack = stack_of(request, Vec::new(), Some(&path), disk);
    let unit = stack.dockerfiles.first();
    let build = unit.and_then(|unit| stack.builds_of(unit).next());
    let ports = unit.zip(build).map_or_else(Vec::new, |(unit, build)| exposed_by(unit, build));
    let mut file = start();
    let list: Vec<Value> = ports.iter().map(|port| json!({"ContainerPort": port.to_string()})).collect();
    let mut lost = Vec::new();
    if list.is_empty() {
        let message = format!("{path} exposes no port, so Beanstalk does not know where to send requests");
        lost.push(crate::plan::Problem::new(message).help("add EXPOSE with the port that the program listens on"));
    } else {
        file.insert("Ports".to_owned(), json!(list));
    }
    if path != "Dockerfile" {
        let message = format!("Beanstalk builds only a Dockerfile at the top of the upload, not {path}");
        lost.push(
            crate::plan::Problem::new(message)
                .help("push the image to a registry, and name it: `\"Image\": {\"Name\": \"…\", \"Update\": \"true\"}`"),
        );
    }
    Export { text: serde_json::to_string_pretty(&Value::Object(file)).unwrap_or_default() + "\n", lost }
}

/// The ports that the image of a service exposes, where it is built here.
pub(super) fn exposed(request: &Request, compose_files: Vec<String>, service: &Service, disk: &dyn Files) -> Vec<u16> {
    if service.build.is_none() {
        return Vec::new();
    }
    let stack = stack_of(request, compose_files, None, disk);
    let of_service =
        |build: &&BuildUse| build.service.and_then(|at| stack.service(at)).is_some_and(|(_, built)| built.name.value == service.name.value);
    let Some(build) = stack.builds.iter().find(of_service) else { return Vec::new() };
    stack.dockerfiles.get(build.dockerfile).map_or_else(Vec::new, |unit| exposed_by(unit, build))
}

/// The ports of the stage that is built and of those that it is FROM.
fn exposed_by(unit: &DockerfileUnit, build: &BuildUse) -> Vec<u16> {
    let chain = build.stage.map_or_else(Vec::new, |stage| unit.chain(stage));
    let mut ports: Vec<u16> =
        chain.iter().filter_map(|&n| unit.stages.get(n)).flat_map(|stage| &stage.exposed).map(|port| port.value.0).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}
