import express, { Router, type NextFunction, type Request, type Response } from "express";

const router = Router();
