/** Why parameters are refused, in the words that the caller reads. Source: wire contract, "Calls". */

export const STORED_AT_PROVIDER =
  'it names something stored at the provider, which has no bound and would be shared between agents'

export const HOSTED_TOOL = 'a hosted tool costs more than tokens and its use has no bound'

export const FETCHED_URL = 'what the provider would fetch from a URL has no bound; send it inline'

export const AUDIO = 'audio tokens have prices of their own, which are not sold here'

export const UNSTATED_PROMPT = 'the provider states no bound for the prompt that this tool adds'

export const SERVER_TURNS = 'it lets the provider run further turns, whose input is billed again'

export const DEFERRED =
  'a deferred definition is put in again wherever it is referred to, which has no bound'

export const OPERATOR_ACCOUNT = "it selects something of the operator's account"
