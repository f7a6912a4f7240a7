SwaggerUIBundle({
  url: "/api/v1/openapi.json",
  dom_id: "#api",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  // Else the page would ask a server of Swagger's whether the document is valid.
  validatorUrl: null,
});
