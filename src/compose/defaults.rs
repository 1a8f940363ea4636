//! What a whole model gets that its files leave out: Compose's defaults, and variables from the environment.

use super::substitute::Env;
use super::tree::{Data, Node, Value, children, elements};
use crate::source::Span;
use crate::text::Text;

/// Defaults of the whole model.
pub(super) fn defaults(root: &mut Node) {
    for service in children(root, "services") {
        if let Some(build) = service.get_mut("build") {
            build.default("context", |span| Node::string(".", span));
        }
        for secret in elements(service, "secrets") {
            let source = secret.get("source").and_then(Node::as_str).unwrap_or_default().to_owned();
            secret.default("target", |span| Node::string(&format!("/run/secrets/{source}"), span));
        }
        for port in elements(service, "ports") {
            port.default("protocol", |span| Node::string("tcp", span));
            port.default("mode", |span| Node::string("ingress", span));
        }
        for device in elements(service, "gpus") {
            device_count(device);
        }
        let reserved = service.get_mut("deploy").and_then(|d| d.get_mut("resources")).and_then(|r| r.get_mut("reservations"));
        if let Some(reserved) = reserved {
            for device in elements(reserved, "devices") {
                device_count(device);
            }
        }
        for volume in elements(service, "volumes") {
            if let Some(bind) = volume.get_mut("bind") {
                if bind.is_null() {
                    *bind = Node::map(Vec::new(), bind.span);
                }
                bind.default("create_host_path", |span| Node::bool(true, span));
            }
        }
    }
}

fn device_count(device: &mut Node) {
    if device.get("device_ids").is_none() {
        device.default("count", |span| Node::string("all", span));
    }
}

/// Bare names in `environment` take their value from the environment.
pub(super) fn environment(root: &mut Node, env: &Env) {
    for service in children(root, "services") {
        for item in elements(service, "environment") {
            let Value::Scalar(scalar) = &mut item.value else { continue };
            let Some(value) = env.get(&scalar.text.value).filter(|_| scalar.data == Data::Str) else { continue };
            let span: Span = item.span;
            let name = scalar.text.clone();
            let mut text = Text::builder(span);
            text.append(&name);
            text.push(&format!("={value}"), span);
            scalar.text = text;
        }
    }
}
