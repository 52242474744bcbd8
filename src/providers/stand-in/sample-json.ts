/** The smallest value that a JSON schema allows, for tool arguments and structured output of the stand-in. */

/** Deeper than any sane schema; ends recursive ones. */
const DEPTH_MAX = 8

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Makes a value for the schema; an empty object where the schema says nothing. */
export function sampleJson(schema: unknown, depth = 0): Json {
  if (!isRecord(schema) || depth > DEPTH_MAX) return {}
  if (schema['const'] !== undefined) return schema['const'] as Json
  if (Array.isArray(schema['enum'])) return (schema['enum'][0] ?? null) as Json
  const choices = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(choices)) return sampleJson(choices[0], depth + 1)
  const type = Array.isArray(schema['type']) ? schema['type'][0] : schema['type']
  switch (type) {
    case 'string':
      return 'sample'
    case 'integer':
    case 'number':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 1
    case 'boolean':
      return true
    case 'null':
      return null
    case 'array':
      return [sampleJson(schema['items'], depth + 1)]
    default:
      return sampleObject(schema, depth)
  }
}

function sampleObject(schema: Record<string, unknown>, depth: number): Json {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {}
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, sampleJson(property, depth + 1)]),
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
