/** `/v1/models/:id{.+}` as `/v1/models/{id}`: a path of the route table as OpenAPI and people write it. */
export function openApiPath(path: string): string {
  return path.replaceAll(/:(\w+)(\{[^}]*\})?/g, "{$1}");
}
