//! What takes the engine's disk, for when it is full.

use std::pin::Pin;

use hyper::Request;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::handshake;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::{Engine, Failure};
use crate::stack::context::size;

/// Answers above this size are cut: an engine may hold thousands of images.
const MAX_ANSWER: usize = 64 << 20;

/// Whether a build failed because nothing more can be written.
pub(super) fn is_full(failure: &Failure) -> bool {
    let says = |text: &str| text.to_lowercase().contains("no space left on device");
    says(&failure.message) || failure.output.iter().any(|line| says(line))
}

/// What to do about it: by what the disk is full, and what can go.
pub(super) async fn advice(engine: &Engine) -> String {
    let full = "the engine's disk is full";
    match usage(engine).await {
        None => format!("{full}: `docker system df` shows by what"),
        Some(usage) => format!(
            "{full}: {} of images, {} of build cache; `docker builder prune` frees {}, `docker image prune` images without a name",
            size(usage.images),
            size(usage.cache),
            size(usage.free)
        ),
    }
}

/// Bytes on the engine's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Usage {
    images: u64,
    cache: u64,
    /// What of the cache nothing uses.
    free: u64,
}

async fn usage(engine: &Engine) -> Option<Usage> {
    read(&get(engine, "/system/df").await?)
}

/// Reads the answer of old engines and of those from API 1.52 on, which say it under other names.
fn read(answer: &Value) -> Option<Usage> {
    if let (Some(images), Some(cache)) = (answer.get("ImageUsage"), answer.get("BuildCacheUsage")) {
        let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_u64);
        return Some(Usage {
            images: number(images, "TotalSize")?,
            cache: number(cache, "TotalSize")?,
            free: number(cache, "Reclaimable").unwrap_or(0),
        });
    }
    let records = answer.get("BuildCache").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    // A shared record's bytes are those of an image.
    let own = records.iter().filter(|record| record.get("Shared") != Some(&Value::Bool(true)));
    let bytes = |record: &&Value| record.get("Size").and_then(Value::as_u64).unwrap_or(0);
    let unused = own.clone().filter(|record| record.get("InUse") != Some(&Value::Bool(true)));
    Some(Usage {
        images: answer.get("LayersSize")?.as_u64()?,
        cache: own.map(|record| bytes(&record)).sum(),
        free: unused.map(|record| bytes(&record)).sum(),
    })
}

/// bollard knows only the newest names of what it reads here, so the answer is read as it comes.
async fn get(engine: &Engine, path: &str) -> Option<Value> {
    let wire = engine.dial.dial().await.ok()?;
    let (mut sender, connection) = handshake(TokioIo::new(wire)).await.ok()?;
    tokio::spawn(connection);
    let request = Request::get(path).header(HOST, "docker").body(String::new()).ok()?;
    let mut body: Incoming = sender.send_request(request).await.ok()?.into_body();
    let mut text = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        if let Ok(data) = frame.ok()?.into_data() {
            text.extend_from_slice(&data);
        }
        if text.len() > MAX_ANSWER {
            return None;
        }
    }
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_forms_of_the_answer_are_read() {
        let old = json!({"LayersSize": 100, "BuildCache": [
            {"Size": 10, "InUse": false, "Shared": false}, {"Size": 5, "InUse": true, "Shared": false}, {"Size": 70, "Shared": true}]});
        assert_eq!(read(&old), Some(Usage { images: 100, cache: 15, free: 10 }));
        let new = json!({"ImageUsage": {"TotalSize": 7}, "BuildCacheUsage": {"TotalSize": 9, "Reclaimable": 8}});
        assert_eq!(read(&new), Some(Usage { images: 7, cache: 9, free: 8 }));
        assert_eq!(read(&json!({"message": "page not found"})), None);
    }
}
