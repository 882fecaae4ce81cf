//! A small tree for the XML that AWS protocols speak: elements with text or children, never both.

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};

/// An element of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The name as written, prefix included.
    pub name: String,
    /// The attributes in their order, `xmlns` included.
    pub attributes: Vec<(String, String)>,
    /// The text, empty for an element with children.
    pub content: String,
    /// The elements inside.
    pub children: Vec<Element>,
}

impl Element {
    /// An empty element.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// An element that holds only text.
    pub fn text(name: &str, content: impl Into<String>) -> Self {
        Self { name: name.to_owned(), content: content.into(), ..Self::default() }
    }

    /// The same with another child at its end.
    #[must_use]
    pub fn with(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// The same with an attribute.
    #[must_use]
    pub fn with_attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Parses a document.
    ///
    /// # Errors
    /// A sentence about what is malformed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(text);
        let mut open: Vec<Self> = Vec::new();
        loop {
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Start(start) => open.push(Self::opened(&start)?),
                Event::Empty(start) => {
                    let element = Self::opened(&start)?;
                    match open.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => return Ok(element),
                    }
                }
                Event::End(_) => {
                    let mut element = open.pop().ok_or("an end without a start")?;
                    if !element.children.is_empty() {
                        element.content.clear();
                    }
                    match open.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => return Ok(element),
                    }
                }
                Event::Text(text) => {
                    if let Some(element) = open.last_mut() {
                        element.content.push_str(&text);
                    }
                }
                Event::CData(text) => {
                    if let Some(element) = open.last_mut() {
                        element.content.push_str(&text);
                    }
                }
                Event::GeneralRef(reference) => {
                    if let Some(element) = open.last_mut() {
                        let written = format!("&{};", &*reference);
                        let plain = quick_xml::escape::unescape(&written)
                            .map_err(|error| error.to_string())?;
                        element.content.push_str(&plain);
                    }
                }
                Event::Eof => return Err("the document ends early".to_owned()),
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }

    fn opened(start: &BytesStart<'_>) -> Result<Self, String> {
        let mut element = Self::new(start.name().as_ref());
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value =
                quick_xml::escape::unescape(&attribute.value).map_err(|error| error.to_string())?;
            element.attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
        Ok(element)
    }

    /// The element as a document, with its declaration.
    pub fn to_document(&self) -> String {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        text.push('<');
        text.push_str(&self.name);
        for (name, value) in &self.attributes {
            text.push_str(&format!(" {name}=\"{}\"", escape(value.as_str())));
        }
        if self.content.is_empty() && self.children.is_empty() {
            text.push_str("/>");
            return;
        }
        text.push('>');
        text.push_str(&escape(self.content.as_str()));
        for child in &self.children {
            child.write(text);
        }
        text.push_str(&format!("</{}>", self.name));
    }

    /// The first child of a name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The first child of a name, to change.
    pub fn child_mut(&mut self, name: &str) -> Option<&mut Self> {
        self.children.iter_mut().find(|child| child.name == name)
    }

    /// The descendant at a path of names, `natGatewaySet/item`.
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('/').try_fold(self, |element, name| element.child(name))
    }

    /// The text at a path of names, empty where there is none.
    pub fn text_at(&self, path: &str) -> &str {
        self.at(path).map_or("", |element| element.content.as_str())
    }

    /// Sets the text of a child, adding it where it is missing.
    pub fn set_text(&mut self, name: &str, content: &str) {
        match self.child_mut(name) {
            Some(child) => child.content = content.to_owned(),
            None => self.children.push(Self::text(name, content)),
        }
    }

    /// The children of the element at a path: the items of a list, none where it is missing.
    pub fn items(&self, path: &str) -> &[Self] {
        self.at(path).map_or(&[], |element| element.children.as_slice())
    }

    /// The value of a tag, of an item as EC2 lists them.
    pub fn tag(&self, key: &str) -> Option<&str> {
        let mut tags = self.items("tagSet").iter();
        tags.find(|tag| tag.text_at("key") == key).map(|tag| tag.text_at("value"))
    }

    /// The first element of a name anywhere below.
    pub fn find(&self, name: &str) -> Option<&Self> {
        self.children
            .iter()
            .find_map(|child| if child.name == name { Some(child) } else { child.find(name) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let element = Element::new("Response")
            .with_attribute("xmlns", "http://example.org/?a=1&b=2")
            .with(Element::text("state", "a <b> & \"c\" é"))
            .with(Element::new("set").with(Element::new("item")));
        assert_eq!(Element::parse(&element.to_document()), Ok(element));
    }

    #[test]
    fn skips_the_blanks_between_children_and_keeps_text() {
        let text = "<?xml version=\"1.0\"?>\n<a>\n  <b> x &amp; y &#65;</b>\n  <c><![CDATA[<z>]]></c>\n</a>";
        let element = Element::parse(text).unwrap();
        assert_eq!(element.content, "");
        assert_eq!(element.text_at("b"), " x & y A");
        assert_eq!(element.text_at("c"), "<z>");
    }

    #[test]
    fn refuses_what_is_malformed() {
        for text in ["", "<a>", "<a></b>", "<html><p></html>"] {
            assert!(Element::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn finds_by_path() {
        let element =
            Element::parse("<r><set><item><id>1</id></item><item><id>2</id></item></set></r>")
                .unwrap();
        assert_eq!(element.items("set").len(), 2);
        assert_eq!(element.items("none").len(), 0);
        assert_eq!(element.find("id").map(|id| id.content.as_str()), Some("1"));
        assert_eq!(element.text_at("set/item/id"), "1");
    }
}
