//! The small formats around a stack: broken files never panic, and every span lies in its text.

use stacklint::source::{FileId, Span};
use stacklint::syntax::json::{Node, Value};
use stacklint::syntax::nginx::Directive;
use stacklint::syntax::{dockerrun, gunicorn, json, nginx, package_json};
use stacklint::text::Text;

const SEEDS: &[&str] = &[
    "upstream é { server a:1; }\nserver { listen [::]:80 ssl; location ~ \"^/(?<x>\\d{2})$\" { proxy_pass http://${H}:$P/a; } }\n",
    "content_by_lua_block { if x { y = \"}\" } }\nset $a 'b\\'c'; map $x $y { default \"\"; } # end {",
    "{\"AWSEBDockerrunVersion\": 2, \"containerDefinitions\": [{\"name\": \"é\\u00e9\", \"portMappings\": [{\"hostPort\": 80}]}]}",
    "{\"name\": \"x\", \"scripts\": {\"start\": \"a \\\"b\\\"\"}, \"dependencies\": {\"a\": \"^1\",},}",
    "bind = [\"0.0.0.0:80\", 'unix:/é']\nworkers = 4  # n\nx = f\"{y}\"\n'''doc\n'''\nw = ('a' \"b\\n\"\n r'c')\n",
];

const NOISE: &[&str] =
    &["'", "\"", "{", "}", "[", "]", "(", ")", "\\", "\n", "é", ";", ",", ":", "#", "$", "${", "'''", "\\u12", "=", "//", "/*", ""];

fn texts_of(node: &Node, found: &mut Vec<Span>) {
    found.push(node.span);
    match &node.value {
        Value::String(text) => text_spans(text, found),
        Value::Array(items) => items.iter().for_each(|item| texts_of(item, found)),
        Value::Object(entries) => {
            for (key, value) in entries {
                text_spans(key, found);
                texts_of(value, found);
            }
        }
        _ => {}
    }
}

/// The span of every character.
fn text_spans(text: &Text, found: &mut Vec<Span>) {
    found.push(text.span);
    found.extend(text.char_indices().map(|(at, c)| text.span_of(at, at + c.len_utf8())));
}

fn directives(list: &[Directive], found: &mut Vec<Span>) {
    for directive in list {
        found.push(directive.span);
        text_spans(&directive.name, found);
        directive.args.iter().for_each(|arg| text_spans(arg, found));
        directives(directive.children(), found);
    }
}

fn all_spans(text: &str, base: Span) -> Vec<Span> {
    let mut found = Vec::new();
    let (root, errors) = json::parse(text, base);
    texts_of(&root, &mut found);
    found.extend(errors.iter().map(|e| e.span));
    let config = nginx::parse(text, base);
    directives(&config.directives, &mut found);
    found.extend(config.errors.iter().map(|e| e.span));
    found.extend(config.variables().iter().map(|v| v.span));
    found.extend(config.assigned().iter().map(|v| v.span));
    found.extend(config.passes().iter().map(|p| p.target.host_span));
    found.extend(config.upstreams().iter().flat_map(|u| &u.servers).map(|s| s.host_span));
    found.extend(config.servers().iter().flat_map(|s| &s.listen).map(|l| l.directive.span));
    for setting in gunicorn::parse(text, base).settings {
        found.extend([setting.span, setting.name.span, setting.value_span]);
        match &setting.value {
            gunicorn::Value::String(text) => text_spans(text, &mut found),
            gunicorn::Value::List(texts) => texts.iter().for_each(|text| text_spans(text, &mut found)),
            _ => {}
        }
    }
    found.extend(dockerrun::parse(text, base).containers.iter().map(|c| c.span));
    found.extend(package_json::parse(text, base).scripts.iter().map(|s| s.1.span));
    found
}

#[test]
fn mutated_files_never_panic_and_spans_stay_inside() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below.max(1) as u64).unwrap()
    };
    for round in 0..4000 {
        let mut text: Vec<char> = SEEDS[round % SEEDS.len()].chars().collect();
        for _ in 0..=random(3) {
            let from = random(text.len());
            let to = (from + random(6)).min(text.len());
            text.splice(from..to, NOISE[random(NOISE.len())].chars());
        }
        let text: String = text.into_iter().collect();
        for span in all_spans(&text, Span::new(FileId(2), 50, 50 + text.len())) {
            let (from, to) = (span.start as usize, span.end as usize);
            assert!(from >= 50 && to <= 50 + text.len(), "{span:?} {text:?}");
            assert!(text.is_char_boundary(from - 50) && text.is_char_boundary(to - 50), "{span:?} {text:?}");
        }
    }
}

#[test]
fn deep_nesting_ends() {
    for open in ["[", "{\"a\":", "a {", "a = [", "a = (", "x = \"\"\" "] {
        let text = open.repeat(50_000);
        all_spans(&text, Span::new(FileId(0), 0, text.len()));
    }
}
