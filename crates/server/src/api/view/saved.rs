//! Saved views in JSON, and what of them a caller may send.

use std::{collections::BTreeMap, fmt};

use llmtrace_model::{SavedView, TenantId, Timestamp, ViewId, ViewPage};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, Visitor},
};
use utoipa::ToSchema;

use super::shapes;
use crate::api::{document::is_query_parameter, query::MAX_TEXT};

/// The most query parameters of a saved view.
const MAX_PARAMETERS: usize = 40;
/// The most characters of a name.
const MAX_NAME: usize = 100;

/// The saved views, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ViewList)]
pub struct SavedViewList {
    /// The rows.
    pub items: Vec<SavedViewView>,
}

/// A page of the dashboard with its filters, under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = View)]
pub struct SavedViewView {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    pub view_id: ViewId,
    /// Owner; `null` where it belongs to the whole installation.
    #[schema(value_type = Option<String>, required)]
    pub tenant_id: Option<TenantId>,
    /// What the user calls it.
    pub name: String,
    /// The page.
    #[schema(value_type = shapes::ViewPage)]
    pub page: ViewPage,
    /// The page's query parameters, by name.
    pub query: BTreeMap<String, String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// What a caller says of a view; nothing else is taken.
#[derive(Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = ViewBody)]
#[serde(deny_unknown_fields)]
pub struct SavedViewBody {
    /// What the user calls it.
    #[schema(value_type = String, min_length = 1, max_length = 100)]
    pub(in crate::api) name: Name,
    /// The page.
    #[schema(value_type = shapes::ViewPage)]
    pub(in crate::api) page: ViewPage,
    /// The page's query parameters by name, at most 40, each a parameter of a route of this API.
    #[schema(value_type = BTreeMap<String, String>)]
    pub(in crate::api) query: Parameters,
}

/// 1 to [`MAX_NAME`] characters.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::api) struct Name(String);

/// At most [`MAX_PARAMETERS`] parameters that some route knows, each once.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::api) struct Parameters(BTreeMap<String, String>);

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl From<Parameters> for BTreeMap<String, String> {
    fn from(parameters: Parameters) -> Self {
        parameters.0
    }
}

impl From<SavedView> for SavedViewView {
    fn from(view: SavedView) -> Self {
        Self {
            view_id: view.id,
            tenant_id: view.tenant,
            name: view.name,
            page: view.page,
            query: view.query,
            created_at: view.created_at,
            updated_at: view.updated_at,
        }
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let length = text.chars().count();
        if (1..=MAX_NAME).contains(&length) {
            return Ok(Self(text));
        }
        Err(D::Error::custom(format!("{length} characters, expected 1 to {MAX_NAME}")))
    }
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ParametersVisitor)
    }
}

struct ParametersVisitor;

impl<'de> Visitor<'de> for ParametersVisitor {
    type Value = Parameters;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of at most {MAX_PARAMETERS} query parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parameters, A::Error> {
        let mut all = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, String>()? {
            let shown: String = name.chars().take(64).collect();
            if !is_query_parameter(&name) {
                return Err(A::Error::custom(format!("{shown:?} is a parameter of no route of this API")));
            }
            let length = value.chars().count();
            if !(1..=MAX_TEXT).contains(&length) {
                return Err(A::Error::custom(format!("{shown:?} has {length} characters, expected 1 to {MAX_TEXT}")));
            }
            if all.insert(name, value).is_some() {
                return Err(A::Error::custom(format!("{shown:?} is given twice, expected once")));
            }
            if all.len() > MAX_PARAMETERS {
                return Err(A::Error::custom(format!("more than {MAX_PARAMETERS} parameters")));
            }
        }
        Ok(Parameters(all))
    }
}
