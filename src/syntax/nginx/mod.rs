//! nginx configuration, templates for envsubst included: directives, blocks, and the `$names` in them.

use crate::source::{At, Span};
use crate::syntax::{SyntaxError, SyntaxErrorKind};
use crate::text::Text;

mod read;
mod views;

pub use read::parse;
pub use views::{Endpoint, Listen, Pass, Server, Upstream};

/// A configuration file, as far as it could be read.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The directives of the top level, in order.
    pub directives: Vec<Directive>,
    /// What could not be read.
    pub errors: Vec<SyntaxError>,
}

/// A directive: `name args… ;` or `name args… { … }`.
#[derive(Clone, Debug)]
pub struct Directive {
    /// From the name to the `;` or the closing brace.
    pub span: Span,
    /// Its first word; in `map` and `types` blocks this is a value.
    pub name: Text,
    /// The words after it, quotes and escapes taken out; their spans hold the quotes.
    pub args: Vec<Text>,
    /// What its braces hold.
    pub block: Option<Vec<Directive>>,
}

/// A `$name` or `${name}` in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The name, without `$` and braces.
    pub name: String,
    /// With `$` and braces.
    pub span: Span,
    /// Written with braces.
    pub braced: bool,
}

impl Directive {
    /// Whether its name is this one.
    pub fn is(&self, name: &str) -> bool {
        self.name.value == name
    }

    /// What its braces hold; nothing where it has none.
    pub fn children(&self) -> &[Directive] {
        self.block.as_deref().unwrap_or_default()
    }

    /// The variables of its words, those of its block not included.
    pub fn variables(&self) -> Vec<Variable> {
        let mut found = Vec::new();
        for word in std::iter::once(&self.name).chain(&self.args) {
            variables_in(word, &mut found);
        }
        found
    }
}

impl Config {
    /// All directives in source order, each with the blocks that hold it, outermost first.
    pub fn walk(&self) -> Vec<(Vec<&Directive>, &Directive)> {
        let mut found = Vec::new();
        let mut open: Vec<(Vec<&Directive>, std::slice::Iter<'_, Directive>)> = vec![(Vec::new(), self.directives.iter())];
        while let Some((parents, rest)) = open.last_mut() {
            let Some(directive) = rest.next() else {
                open.pop();
                continue;
            };
            let parents = parents.clone();
            if let Some(block) = &directive.block {
                let mut inner = parents.clone();
                inner.push(directive);
                open.push((inner, block.iter()));
            }
            found.push((parents, directive));
        }
        found
    }

    /// All variables in source order, inside quotes too.
    pub fn variables(&self) -> Vec<Variable> {
        self.walk().into_iter().flat_map(|(_, directive)| directive.variables()).collect()
    }

    /// The names that the configuration sets itself: `set`, `map`, `geo`, `split_clients`, `perl_set`, `js_set`, `auth_request_set`
    /// and named captures.
    pub fn assigned(&self) -> Vec<At<String>> {
        let mut found = Vec::new();
        for (_, directive) in self.walk() {
            let word = match directive.name.value.as_str() {
                "set" | "perl_set" | "js_set" | "auth_request_set" => directive.args.first(),
                "map" | "geo" | "split_clients" => directive.args.last(),
                _ => None,
            };
            if let Some(name) = word.and_then(|w| Some(At::new(w.value.strip_prefix('$')?.to_owned(), w.span))) {
                found.push(name);
            }
            for word in std::iter::once(&directive.name).chain(&directive.args) {
                captures(word, &mut found);
            }
        }
        found
    }
}

/// Named captures: `(?<name>…)`, `(?P<name>…)`, `(?'name'…)`.
fn captures(word: &Text, found: &mut Vec<At<String>>) {
    for (at, _) in word.match_indices("(?") {
        let rest = word.get(at + 2..).unwrap_or_default();
        let Some(rest) = ["P<", "<", "'"].iter().find_map(|open| rest.strip_prefix(open)) else { continue };
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if !name.is_empty() {
            let start = word.len() - rest.len();
            found.push(At::new(name.clone(), word.span_of(start, start + name.len())));
        }
    }
}

/// The `$name` and `${name}` of a text, as nginx and envsubst read them.
pub fn variables_in(text: &Text, found: &mut Vec<Variable>) {
    for (at, _) in text.match_indices('$') {
        let rest = text.get(at + 1..).unwrap_or_default();
        let braced = rest.starts_with('{');
        let name = rest.strip_prefix('{').unwrap_or(rest);
        let len = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let Some(name) = name.get(..len).filter(|n| n.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')) else { continue };
        let end = at + 1 + len + usize::from(braced);
        if braced && text.as_bytes().get(end) != Some(&b'}') {
            continue;
        }
        let span = text.span_of(at, end + usize::from(braced));
        found.push(Variable { name: name.to_owned(), span, braced });
    }
}

fn error(span: Span, message: &str) -> SyntaxError {
    SyntaxError { span, kind: SyntaxErrorKind::Syntax, message: message.to_owned(), help: None }
}

#[cfg(test)]
#[allow(clippy::string_slice, reason = "the texts are the tests' own")]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn read(text: &str) -> Config {
        parse(text, Span::new(FileId(0), 0, text.len()))
    }

    const SITE: &str = r#"
upstream app { server web:8000 weight=2; server unix:/run/app.sock; } # comment { ;
map $http_upgrade $connection { default upgrade; "" close; }
server {
    listen 80 default_server;
    listen [::]:443 ssl;
    server_name ${DOMAIN} www.example.org;
    location ~ "^/(?<id>\d{2})$" { proxy_pass http://app/$id; }
    location /api/ {
        proxy_set_header Host "$host:${server_port}";
        proxy_pass http://api:3000/;
    }
    location ~ \.php$ { fastcgi_pass unix:/run/php.sock; }
}
"#;

    #[test]
    fn servers_upstreams_and_targets_are_found() {
        let config = read(SITE);
        assert!(config.errors.is_empty(), "{:?}", config.errors);
        let servers = config.servers();
        let ports: Vec<_> = servers[0].listen.iter().map(|l| (l.port, l.tls)).collect();
        assert_eq!(ports, [(Some(80), false), (Some(443), true)]);
        assert_eq!(servers[0].names.len(), 2);
        let upstreams = config.upstreams();
        assert_eq!((upstreams[0].servers[0].host.as_str(), upstreams[0].servers[0].port), ("web", Some(8000)));
        assert!(upstreams[0].servers[1].unix);
        let hosts: Vec<_> = config.passes().iter().map(|p| (p.target.host.clone(), p.target.port)).collect();
        assert_eq!(hosts, [("app".to_owned(), Some(80)), ("api".to_owned(), Some(3000)), ("/run/php.sock".to_owned(), None)]);
        assert_eq!(&SITE[config.passes()[1].target.host_span.range()], "api");
    }

    #[test]
    fn variables_are_found_in_quotes_and_braces_and_not_at_the_end_of_a_pattern() {
        let config = read(SITE);
        let found: Vec<_> = config.variables().iter().map(|v| SITE[v.span.range()].to_owned()).collect();
        assert_eq!(found, ["$http_upgrade", "$connection", "${DOMAIN}", "$id", "$host", "${server_port}"]);
        let names: Vec<_> = config.assigned().into_iter().map(|n| n.value).collect();
        assert_eq!(names, ["connection", "id"]);
    }

    #[test]
    fn broken_files_keep_what_could_be_read() {
        for (text, message) in [
            ("server { listen 80; ", "the block that starts here is not closed"),
            ("server { listen 80 }", "expected ; after this"),
            ("server { listen 80; } }", "this } closes nothing"),
            ("server { listen 80; root \"x; }", "the quotes that start here are not closed"),
        ] {
            let config = read(text);
            assert_eq!(config.errors[0].message, message, "{text}");
            assert_eq!(config.servers()[0].listen[0].port, Some(80), "{text}");
        }
    }

    #[test]
    fn ports_that_are_placeholders_are_unknown() {
        let config = read("server { listen ${PORT}; listen 0.0.0.0:$PORT; location / { proxy_pass http://${HOST}:${P}; } }");
        let ports: Vec<_> = config.servers()[0].listen.iter().map(|l| l.port).collect();
        assert_eq!(ports, [None, None]);
        assert!(config.passes()[0].target.variable && config.passes()[0].target.port.is_none());
    }
}
