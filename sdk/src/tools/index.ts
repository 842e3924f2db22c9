export {
  type BuyerTools,
  type BuyerToolsOptions,
  createBuyerTools,
  type SpendingLimit,
} from './buyerTools.ts'
export { defaultRefundRule, type RefundRule, type ToolAlert } from './refundGuard.ts'
export { createSellerTools, type SellerTools, type SellerToolsOptions } from './sellerTools.ts'
export type { SystemChannel, SystemMessage } from './systemChannel.ts'
export type { Tool, ToolResult } from './tool.ts'
export type { Service } from './workbench.ts'
