//! `Dockerrun.aws.json` of Elastic Beanstalk, versions 1 to 3.

use crate::source::{At, Span};
use crate::syntax::SyntaxError;
use crate::syntax::json::{self, Node, Value};
use crate::text::Text;

/// A Dockerrun file.
#[derive(Clone, Debug, Default)]
pub struct Dockerrun {
    /// `AWSEBDockerrunVersion`, as written.
    pub version: Option<Text>,
    /// The containers: exactly one for version 1, none for version 3 (a Compose file has them).
    pub containers: Vec<Container>,
    /// Named volumes of version 2, with the host's path.
    pub volumes: Vec<(Text, Option<Text>)>,
    /// Where the registry's credentials lie: bucket and key.
    pub authentication: Option<(Option<Text>, Option<Text>)>,
    /// What could not be read.
    pub errors: Vec<SyntaxError>,
}

/// A container of a Dockerrun file.
#[derive(Clone, Debug)]
pub struct Container {
    /// Its object; the whole file for version 1.
    pub span: Span,
    /// `name`; none in version 1.
    pub name: Option<Text>,
    /// The image.
    pub image: Option<Text>,
    /// `Update` of version 1.
    pub update: Option<At<bool>>,
    /// `essential` of version 2.
    pub essential: Option<At<bool>>,
    /// Memory limit in MiB, as written.
    pub memory: Option<Text>,
    /// Soft memory limit in MiB, as written.
    pub memory_reservation: Option<Text>,
    /// Ports.
    pub ports: Vec<Port>,
    /// Mounts.
    pub mounts: Vec<Mount>,
    /// Environment variables.
    pub environment: Vec<(Text, Text)>,
    /// `links`.
    pub links: Vec<Text>,
    /// `Command`: words for version 2, one text for version 1.
    pub command: Vec<Text>,
    /// `Entrypoint`, likewise.
    pub entrypoint: Vec<Text>,
    /// `Logging` of version 1: the folder in the container whose logs are collected.
    pub logging: Option<Text>,
}

/// A port of a container.
#[derive(Clone, Debug)]
pub struct Port {
    /// The whole entry.
    pub span: Span,
    /// The port in the container.
    pub container: Option<Text>,
    /// The port on the host.
    pub host: Option<Text>,
}

/// A mount of a container.
#[derive(Clone, Debug)]
pub struct Mount {
    /// The whole entry.
    pub span: Span,
    /// The host's folder (version 1) or the volume's name (version 2).
    pub source: Option<Text>,
    /// The path in the container.
    pub target: Option<Text>,
    /// Mounted read-only.
    pub read_only: bool,
}

/// Reads a Dockerrun file of which `text[i]` stands at `base.start + i`.
pub fn parse(text: &str, base: Span) -> Dockerrun {
    let (root, errors) = json::parse(text, base);
    let version = scalar(&root, "AWSEBDockerrunVersion");
    let containers = match (version.as_ref().map(|v| v.value.as_str()), root.get_ignore_case("containerDefinitions")) {
        (_, Some(definitions)) => definitions.items().iter().map(second).collect(),
        (Some("3"), None) => Vec::new(),
        _ => vec![first(&root)],
    };
    let volumes = list(&root, "volumes").iter().filter_map(|volume| {
        let path = volume.get_ignore_case("host").and_then(|host| scalar(host, "sourcePath"));
        Some((scalar(volume, "name")?, path))
    });
    let authentication = root.get_ignore_case("Authentication").map(|a| (scalar(a, "bucket"), scalar(a, "key")));
    Dockerrun { volumes: volumes.collect(), version, containers, authentication, errors }
}

fn first(root: &Node) -> Container {
    let image = root.get_ignore_case("Image");
    let mounts = list(root, "Volumes").iter().map(|m| mount(m, "HostDirectory", "ContainerDirectory"));
    Container {
        span: root.span,
        name: None,
        image: image.and_then(|image| scalar(image, "Name").or_else(|| image.text().cloned())),
        update: image.and_then(|image| boolean(image, "Update")),
        essential: None,
        memory: None,
        memory_reservation: None,
        ports: list(root, "Ports").iter().map(port).collect(),
        mounts: mounts.collect(),
        environment: Vec::new(),
        links: Vec::new(),
        command: texts(root, "Command"),
        entrypoint: texts(root, "Entrypoint"),
        logging: scalar(root, "Logging"),
    }
}

fn second(node: &Node) -> Container {
    let environment = list(node, "environment").iter().filter_map(|e| Some((scalar(e, "name")?, scalar(e, "value")?)));
    Container {
        span: node.span,
        name: scalar(node, "name"),
        image: scalar(node, "image"),
        update: None,
        essential: boolean(node, "essential"),
        memory: scalar(node, "memory"),
        memory_reservation: scalar(node, "memoryReservation"),
        ports: list(node, "portMappings").iter().map(port).collect(),
        mounts: list(node, "mountPoints").iter().map(|m| mount(m, "sourceVolume", "containerPath")).collect(),
        environment: environment.collect(),
        links: texts(node, "links"),
        command: texts(node, "command"),
        entrypoint: texts(node, "entryPoint"),
        logging: None,
    }
}

fn port(node: &Node) -> Port {
    Port { span: node.span, container: scalar(node, "containerPort"), host: scalar(node, "hostPort") }
}

fn mount(node: &Node, source: &str, target: &str) -> Mount {
    let read_only = boolean(node, "readOnly").is_some_and(|b| b.value);
    Mount { span: node.span, source: scalar(node, source), target: scalar(node, target), read_only }
}

fn scalar(node: &Node, key: &str) -> Option<Text> {
    node.get_ignore_case(key)?.scalar()
}

fn boolean(node: &Node, key: &str) -> Option<At<bool>> {
    let found = node.get_ignore_case(key)?;
    let value = match &found.value {
        Value::Bool(b) => *b,
        Value::String(text) => text.value == "true",
        _ => return None,
    };
    Some(At::new(value, found.span))
}

fn list<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    node.get_ignore_case(key).map(Node::items).unwrap_or_default()
}

/// An array of strings, or one string.
fn texts(node: &Node, key: &str) -> Vec<Text> {
    let Some(found) = node.get_ignore_case(key) else { return Vec::new() };
    match found.text() {
        Some(text) => vec![text.clone()],
        None => found.items().iter().filter_map(Node::scalar).collect(),
    }
}

#[cfg(test)]
#[allow(clippy::string_slice, reason = "the texts are the tests' own")]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn read(text: &str) -> Dockerrun {
        parse(text, Span::new(FileId(0), 0, text.len()))
    }

    #[test]
    fn version_1_is_one_container() {
        let run = read(
            r#"{"AWSEBDockerrunVersion": "1", "Image": {"Name": "a/b:1", "Update": "true"},
                "Ports": [{"ContainerPort": "8000"}], "Volumes": [{"HostDirectory": "/h", "ContainerDirectory": "/c"}], "Logging": "/var/log/nginx"}"#,
        );
        let [one] = run.containers.as_slice() else { panic!("{run:?}") };
        assert_eq!(one.image.as_ref().unwrap().value, "a/b:1");
        assert_eq!(one.ports[0].container.as_ref().unwrap().value, "8000");
        assert_eq!(one.mounts[0].target.as_ref().unwrap().value, "/c");
        assert!(one.update.unwrap().value);
    }

    #[test]
    fn version_2_has_containers_and_volumes() {
        let text = r#"{"AWSEBDockerrunVersion": 2, "volumes": [{"name": "data", "host": {"sourcePath": "/srv"}}],
            "containerDefinitions": [{"name": "web", "image": "nginx", "essential": true, "memory": 128,
              "portMappings": [{"hostPort": 80, "containerPort": 8080}], "links": ["app"],
              "mountPoints": [{"sourceVolume": "data", "containerPath": "/d", "readOnly": true}],
              "environment": [{"name": "A", "value": "b"}], "command": ["x", "y"]}]}"#;
        let run = read(text);
        let web = &run.containers[0];
        assert_eq!(&text[web.ports[0].container.as_ref().unwrap().span.range()], "8080");
        assert_eq!((web.links[0].value.as_str(), web.command.len(), web.mounts[0].read_only), ("app", 2, true));
        assert_eq!(run.volumes[0].1.as_ref().unwrap().value, "/srv");
        assert_eq!(web.environment[0].1.value, "b");
    }

    #[test]
    fn version_3_leaves_the_containers_to_compose() {
        let run = read(r#"{"AWSEBDockerrunVersion": "3", "Authentication": {"bucket": "b", "key": "k"}}"#);
        assert!(run.containers.is_empty());
        assert_eq!(run.authentication.unwrap().1.unwrap().value, "k");
    }
}
