//! What a container definition says of the kernel: capabilities, devices, limits, memory file systems.

use serde_json::{Value, json};

use super::Object;
use super::container::mib;
use super::lost::Report;
use crate::compose::{self, MountKind, Service};

/// Takes those keys out of a service and puts their counterparts into a definition.
/// `volumes` is that key of the service, taken out before.
pub(super) fn put(service: &Service, volumes: Option<&Value>, left: &mut Object, out: &mut Object, report: &mut Report) {
    security(service, left, out, report);
    limits(left, out);
    let mut linux = Object::new();
    capabilities(left, &mut linux);
    devices(left, &mut linux);
    if let Some(init) = left.remove("init") {
        linux.insert("initProcessEnabled".to_owned(), init);
    }
    if let Some(mib) = left.remove("shm_size").and_then(|size| size.as_str()?.parse::<u64>().ok()).map(|bytes| bytes.div_ceil(1 << 20)) {
        linux.insert("sharedMemorySize".to_owned(), json!(mib));
    }
    swap(left, out, &mut linux);
    memory_files(service, volumes, left, &mut linux, report);
    if !linux.is_empty() {
        out.insert("linuxParameters".to_owned(), Value::Object(linux));
    }
}

fn strings(value: Option<Value>) -> Vec<String> {
    value.and_then(|value| Some(value.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect())).unwrap_or_default()
}

fn security(service: &Service, left: &mut Object, out: &mut Object, report: &mut Report) {
    let mut options = Vec::new();
    for option in strings(left.remove("security_opt")) {
        match option.split_once(['=', ':']) {
            Some(("apparmor" | "label", _)) => options.push(option.replacen('=', ":", 1)),
            _ if matches!(option.as_str(), "no-new-privileges" | "no-new-privileges:true" | "no-new-privileges=true") => {
                options.push("no-new-privileges".to_owned());
            }
            _ => report.key(service, "security_opt", format!("the agent does not know `{option}`"), None),
        }
    }
    if !options.is_empty() {
        out.insert("dockerSecurityOptions".to_owned(), json!(options));
    }
}

fn limits(left: &mut Object, out: &mut Object) {
    if let Some(Value::Object(limits)) = left.remove("ulimits") {
        let one = |(name, limit): (&String, &Value)| {
            let of = |key: &str| limit.as_i64().or_else(|| limit.get(key)?.as_i64());
            json!({"name": name, "softLimit": of("soft"), "hardLimit": of("hard")})
        };
        out.insert("ulimits".to_owned(), limits.iter().map(one).collect());
    }
    if let Some(Value::Object(controls)) = left.remove("sysctls") {
        let one = |(name, value): (&String, &Value)| json!({"namespace": name, "value": value});
        out.insert("systemControls".to_owned(), controls.iter().map(one).collect());
    }
}

fn capabilities(left: &mut Object, linux: &mut Object) {
    let mut capabilities = Object::new();
    for (key, name) in [("cap_add", "add"), ("cap_drop", "drop")] {
        let names = strings(left.remove(key));
        if !names.is_empty() {
            let plain = |name: &String| name.to_uppercase().trim_start_matches("CAP_").to_owned();
            capabilities.insert(name.to_owned(), names.iter().map(plain).collect());
        }
    }
    if !capabilities.is_empty() {
        linux.insert("capabilities".to_owned(), Value::Object(capabilities));
    }
}

fn devices(left: &mut Object, linux: &mut Object) {
    let Some(Value::Array(devices)) = left.remove("devices") else { return };
    let one = |device: &Value| {
        let field = |key: &str| device.get(key).and_then(Value::as_str);
        let letters = field("permissions").unwrap_or("rwm");
        let words = [('r', "read"), ('w', "write"), ('m', "mknod")];
        let permissions: Vec<&str> = words.into_iter().filter(|(letter, _)| letters.contains(*letter)).map(|(_, word)| word).collect();
        json!({"hostPath": field("source"), "containerPath": field("target"), "permissions": permissions})
    };
    linux.insert("devices".to_owned(), devices.iter().map(one).collect());
}

/// Compose counts memory and swap together, the agent swap alone.
fn swap(left: &mut Object, out: &Object, linux: &mut Object) {
    let memory = out.get("memory").and_then(Value::as_u64);
    if let (Some(memory), Some(both)) = (memory, left.get("memswap_limit").and_then(mib)) {
        left.remove("memswap_limit");
        linux.insert("maxSwap".to_owned(), json!(both.saturating_sub(memory)));
    }
    if let Some(percent) = left.remove("mem_swappiness").and_then(|n| n.as_u64().or_else(|| n.as_str()?.parse().ok())) {
        linux.insert("swappiness".to_owned(), json!(percent));
    }
}

fn memory_files(service: &Service, volumes: Option<&Value>, left: &mut Object, linux: &mut Object, report: &mut Report) {
    let written = strings(left.remove("tmpfs"));
    let mut list = Vec::new();
    for mount in service.mounts.iter().filter(|mount| mount.kind == MountKind::Tmpfs) {
        let options =
            written.iter().find(|text| text.split(':').next() == Some(&mount.target)).and_then(|text| Some(text.split_once(':')?.1));
        let long =
            volumes.and_then(Value::as_array).into_iter().flatten().find(|volume| volume.get("target") == Some(&json!(mount.target)));
        let mut size: Option<u64> = long.and_then(|volume| volume.pointer("/tmpfs/size")?.as_str()?.parse().ok());
        let mut others = Vec::new();
        for option in options.into_iter().flat_map(|options| options.split(',')) {
            match option.strip_prefix("size=") {
                Some(text) => size = compose::bytes(text).and_then(|bytes| u64::try_from(bytes).ok()),
                None => others.push(option),
            }
        }
        let size = size.map(|bytes| bytes.div_ceil(1 << 20)).unwrap_or_else(|| {
            let message = format!("the memory file system on {} has no size, which Beanstalk wants; it gets 64 MiB", mount.target);
            report.note(Some(mount.span), message, Some(format!("say it: `tmpfs: {}:size=64m`", mount.target)));
            64
        });
        let mut one = Object::from_iter([("containerPath".to_owned(), json!(mount.target)), ("size".to_owned(), json!(size))]);
        if !others.is_empty() {
            one.insert("mountOptions".to_owned(), json!(others));
        }
        list.push(Value::Object(one));
    }
    if !list.is_empty() {
        linux.insert("tmpfs".to_owned(), json!(list));
    }
}
