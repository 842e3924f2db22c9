import { createTransport } from 'nodemailer'
import type { Answer } from './answer.ts'

/** Sends one letter in plain text; a failure is an answer. */
export type SendMail = (letter: {
  to: string
  subject: string
  text: string
  /** The same for every try of one letter. */
  messageId: string
}) => Promise<Answer>

/**
 * Sends mail through one SMTP server.
 * @param url `smtp://user:password@host:port` or `smtps://`.
 */
export function createMail({ url, from }: { url: string; from: string }): SendMail {
  const transport = createTransport(url, {
    from,
    // What an agent wrote must not make this process open files or addresses.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const host = from.replace(/^.*@/, '').replace(/>$/, '')
  return async ({ to, subject, text, messageId }) => {
    try {
      const { response } = await transport.sendMail({
        to: { name: '', address: to },
        subject,
        text,
        messageId: `<${messageId}@${host}>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
      })
      return { delivered: true, answer: (response ?? '250').slice(0, 3) }
    } catch (error) {
      const { responseCode } = error as { responseCode?: number }
      return { delivered: false, answer: responseCode ? String(responseCode) : 'no_answer' }
    }
  }
}
